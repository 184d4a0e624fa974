@parameter_definition@
typedef QEMUFile, Error;
identifier f, opaque;
@@
 int vfio_load_device_config_state(QEMUFile *f, void *opaque
+                                  , Error **errp
 )
 { ... }

@parameter_prototype@
identifier f, opaque;
@@
 int vfio_load_device_config_state(QEMUFile *f, void *opaque
+                                  , Error **errp
 );

@parameter_calls@
expression file, device;
@@
 vfio_load_device_config_state(file, device
+                              , NULL
 )
