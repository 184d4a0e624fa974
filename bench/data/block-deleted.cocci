@block_deleted@
typedef QEMUFile;
identifier f, vbasedev;
@@
 vfio_save_state(QEMUFile *f, ...)
{
    ...
-   if (vfio_multifd_transfer_enabled(vbasedev)) {
-       if (vfio_load_config_after_iter(vbasedev)) {
-           qemu_put_be64(f, VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY);
-       } else {
-           vfio_multifd_emit_dummy_eos(vbasedev, f);
-       }
-       return;
-   }
    ...
}
