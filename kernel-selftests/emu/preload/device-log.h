/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device's own log of the pages that it wrote. */
#ifndef PRELOAD_DEVICE_LOG_H
#define PRELOAD_DEVICE_LOG_H

#include "../device/platform.h"

struct emulated_device;

/* Neither lock may be held. */
int device_log_feature(struct emulated_device *device, struct vfio_device_feature *feature);
/* These want dma_lock(). */
int device_log_add(struct emulated_device *device, u64 iova, u32 bytes);
void device_log_clear(struct emulated_device *device);

#endif
