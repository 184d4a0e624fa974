@initializer_entry@
@@
 SaveVMHandlers savevm_vfio_handlers = {
     .save_state = vfio_save_state,
+    .resume_prepare = vfio_resume_prepare,
 };
