/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device that is open: regions, features, memory for DMA, reset. */
#ifndef VFIO_MIGRATION_LIB_DEVICE_H
#define VFIO_MIGRATION_LIB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef uint64_t u64; /* %ju and size_t are as wide, in the way of printf() */

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

struct v1_region {
	u64 offset;		/* within the device's file; 0 with size 0: there is none */
	u64 size;
	bool config_first;	/* has VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST */
};

struct driver_ops;	/* driver.h */

struct device {
	int fd;
	int group_fd;
	int iommu_fd;		/* a container, or an iommufd */
	bool by_cdev;
	u32 ioas;
	struct vfio_device_info info;
	u64 config_offset;
	u64 migration_flags;	/* of v2; 0: it has none */
	struct v1_region v1;
	const struct driver_ops *driver;	/* NULL: nothing is known of the device's insides */

	/* The data transfer that is under way. */
	int data_fd;		/* -1: none, or of v1 */
	u64 v1_left;		/* bytes of the data area that the user has not taken yet */
	u64 v1_at;
};

/* All of the following return negative errno values. */
int device_reset(struct device *device);	/* -ENOTTY: it cannot be reset */
/* By what it says; where it says no, it is asked to: a driver may be able to, and not say so. */
bool device_can_reset(struct device *device);

/* `info` has its argsz and index; what is behind it, the kernel fills as far as argsz goes. */
int device_region_info(const struct device *device, struct vfio_region_info *info);
int device_region(const struct device *device, u32 index, u64 *offset, u64 *size);
int config_read(const struct device *device, u32 position, void *value, size_t bytes);
int config_write(const struct device *device, u32 position, const void *value, size_t bytes);
int bar_read32(const struct device *device, u32 bar, u64 position, u32 *value);
int bar_write32(const struct device *device, u32 bar, u64 position, u32 value);

/*
 * VFIO_DEVICE_FEATURE; `flags` has the feature, and what to do with it.  The
 * payload goes both ways.
 */
int device_feature(const struct device *device, u32 flags, void *payload, size_t bytes);

int device_map(const struct device *device, void *memory, u64 iova, u64 bytes);

#endif
