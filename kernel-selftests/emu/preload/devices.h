/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emulated devices of this process: one for each section of devices.conf.
 */
#ifndef PRELOAD_DEVICES_H
#define PRELOAD_DEVICES_H

#include <pthread.h>

#include "../device/device.h"
#include "dirty.h"

#define NAME_SIZE 64

struct dma_domain;

/* The device's own log of the pages it wrote (VFIO_DEVICE_FEATURE_DMA_LOGGING_*). */
struct device_log {
	bool started;
	struct dirty_set dirty;
	struct vfio_device_feature_dma_logging_range *ranges;
	u32 range_count;
};

struct emulated_device {
	struct emulated_device *next;
	char name[NAME_SIZE];
	/* Last parts of the paths under /dev/vfio; "" without. */
	char group[NAME_SIZE], cdev[NAME_SIZE];
	struct emu_profile profile;

	/* For the model, and what follows. */
	pthread_mutex_t lock;
	struct emu_device *model;
	bool opened;
	void *memory, *migration_data; /* parts of the device file's memfd, mapped */
	u32 session; /* counts data streams: an older one's descriptor is dead */
	const struct vfio_irq_set *irqs; /* the SET_IRQS under way, else NULL */
	u32 next_irq; /* where in it the next eventfd is */
	int left_in; /* the state in which its last user left it; 0: it had none */
	bool resets_others; /* the ioctl under way does so, by a fault */

	/* Under dma_lock(). */
	struct dma_domain *domain; /* NULL: not attached */
	struct device_log log;
};

struct emulated_device *device_list(void);
void device_add(struct emulated_device *device);
/* The device whose `name`, or `cdev` is that; NULL if there is none. */
struct emulated_device *device_by_name(const char *name);
struct emulated_device *device_by_cdev(const char *cdev);

#endif
