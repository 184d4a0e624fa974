@argument_everywhere@
expression device, index;
@@
 vfio_device_irq_disable(device, index
+                        , true
 )
