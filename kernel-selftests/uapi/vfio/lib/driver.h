/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests know of some devices' insides, beyond what VFIO says: how to
 * give them a state that can be recognised, to make them write to memory or
 * interrupt, and what they promise about data that are wrong.  All of it is
 * optional; without it what needs it is skipped.
 */
#ifndef VFIO_MIGRATION_LIB_DRIVER_H
#define VFIO_MIGRATION_LIB_DRIVER_H

#include "device.h"

struct driver_ops {
	const char *name;
	bool (*probe)(const struct device *device);

	/* Changes the internal state to one that follows from `seed`; migrates. */
	int (*mark)(const struct device *device, u32 seed);
	/* What mark() has left, as a number. */
	int (*digest)(const struct device *device, u32 *digest);

	/* The device writes to the whole page of 4096 bytes at `iova`, before the call returns. */
	int (*write_page)(const struct device *device, u64 iova);
	/* The device itself interrupts, by what SET_IRQS has set up. */
	int (*interrupt)(const struct device *device, u32 vector);
	/* As a driver answers it; takes INTx's level back. */
	int (*acknowledge)(const struct device *device, u32 vector, bool is_intx);

	/* Data that are not as a device writes them are refused. */
	bool refuses_malformed;
	/* Was the state that the device was given last what a device had?  -errno, or 0, 1. */
	int (*state_is_right)(const struct device *device);
};

const struct driver_ops *driver_for(const struct device *device);

extern const struct driver_ops registers_driver;
extern const struct driver_ops mtty_driver;

#endif
