/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States and data of a device's migration, the same for both protocols: v1's
 * combinations of bits are called by the names of v2's states.  The functions
 * whose names begin with v2_ or v1_ are those of one protocol only.
 *
 * All return negative errno values.
 */
#ifndef VFIO_MIGRATION_LIB_MIGRATION_H
#define VFIO_MIGRATION_LIB_MIGRATION_H

#include "device.h"

#define NUM_STATES	8	/* those of v2 that are known today */

static inline bool device_is_v2(const struct device *device)
{
	return device->migration_flags & VFIO_MIGRATION_STOP_COPY;
}

static inline bool device_is_v1(const struct device *device)
{
	return !device_is_v2(device) && device->v1.size;
}

static inline bool device_migrates(const struct device *device)
{
	return device_is_v2(device) || device_is_v1(device);
}

const char *state_name(u32 state);
bool device_has_state(const struct device *device, u32 state);
bool state_is_saving(u32 state);

int v2_get_state(const struct device *device, u32 *state);
/* *fd becomes the descriptor of a new data transfer, or -1. */
int v2_set_state(const struct device *device, u32 state, int *fd);

int v1_get_bits(const struct device *device, u32 *bits);
int v1_set_bits(const struct device *device, u32 bits);
/* A register of v1's region, 4 or 8 bytes. */
int v1_read(const struct device *device, size_t position, void *value, size_t bytes);
int v1_write(const struct device *device, size_t position, const void *value, size_t bytes);
bool v1_bits_of(u32 state, u32 *bits);

/* Keeps the descriptor of a new data transfer in the device, and closes that of the last one. */
int migration_set_state(struct device *device, u32 state);
int migration_get_state(const struct device *device, u32 *state);

/* In a saving state; 0: the end (of what there is now, in v1's pre-copy state). */
ssize_t migration_read(struct device *device, void *buffer, size_t bytes);
/* In RESUMING. */
ssize_t migration_write(struct device *device, const void *buffer, size_t bytes);

#endif
