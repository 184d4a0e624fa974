/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of the emulated device: an mdev, and what of it each file
 * here serves.
 */
#ifndef QPATCH_H
#define QPATCH_H

#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../emu/device/device.h"
#include "compat.h"

#define QPATCH_SETTINGS_SIZE	1024

/* A profile, and the text that it was read from. */
struct qpatch_settings {
	struct emu_profile profile;
	char text[QPATCH_SETTINGS_SIZE];
};

/* The pages that the device has written, of those in the ranges (VFIO's DMA logging). */
struct qpatch_log {
	bool started;
	struct vfio_device_feature_dma_logging_range *ranges;
	u32 range_count;
	struct xarray pages;		/* by iova / EMU_PAGE_SIZE */
};

struct qpatch_device {
	struct vfio_device vdev;
	struct list_head list;		/* of all devices, under a lock of its own */

	/*
	 * For all that follows.  It may be held while memory of the user is accessed,
	 * so nothing takes it that the memory management calls.
	 */
	struct mutex lock;
	struct qpatch_settings settings;	/* of the next user */
	struct emu_device *model;	/* NULL: nobody has the device open */
	void *memory, *migration_data;	/* vmalloc_user(); they stay while the device is open */
	u32 session;			/* counts data streams: an older one's file is dead */
	int left_in;			/* the state its last user has left; 0: none */
	bool resets_others;		/* by a fault, the ioctl under way does */
	struct delayed_work late;	/* by a fault, signals late_trigger */
	struct eventfd_ctx *late_trigger;
	struct qpatch_log log;
};

static inline struct qpatch_device *qpatch_device(struct vfio_device *vdev)
{
	return container_of(vdev, struct qpatch_device, vdev);
}

/* settings.c: profiles, of the module's parameter and of sysfs. */
void qpatch_settings_default(struct qpatch_settings *settings);
extern const struct attribute_group *qpatch_groups[];
/* What the vfio core has to know of them; before anybody has the device open. */
void qpatch_settings_apply(struct qpatch_device *device);

/* vfio.c: the device's file. */
extern const struct vfio_device_ops qpatch_device_ops;

/* host.c: what the model asks for. */
extern const struct emu_host qpatch_host;
void qpatch_host_init(struct qpatch_device *device);

/* migration.c: protocol v2. */
extern const struct vfio_migration_ops qpatch_migration_ops;
int qpatch_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t bytes);

/* stream.c: its data. */
struct file *qpatch_stream_new(struct qpatch_device *device, bool reading);
void qpatch_stream_begin(struct file *file);	/* with the device's lock */

/* dirty.c: DMA logging. */
extern const struct vfio_log_ops qpatch_log_ops;
int qpatch_log_add(struct qpatch_device *device, u64 iova, u32 bytes);
void qpatch_log_clear(struct qpatch_device *device);

/* main.c: all devices. */
void qpatch_reset_others(struct qpatch_device *device);

#endif
