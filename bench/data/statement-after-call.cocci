@statement_after_call@
identifier vdev;
@@
 vfio_msix_enable(...)
{
    ...
    vfio_disable_interrupts(vdev);
+   trace_vfio_interrupts_idle(vdev->vbasedev.name);
    ...
}
