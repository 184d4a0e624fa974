/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding and opening devices. */
#ifndef VFIO_MIGRATION_LIB_OPEN_H
#define VFIO_MIGRATION_LIB_OPEN_H

#include "device.h"

/* How the kernel is asked for a device. */
enum open_by {
	OPEN_BY_ANY,	/* by cdev if it has one, else by group */
	OPEN_BY_GROUP,
	OPEN_BY_CDEV,
};

/*
 * The devices of the command line or of the environment, at most two: PCI
 * addresses, or paths of directories in sysfs.  Without any, exits: skipped.
 */
void device_arguments(int *argc, char **argv);
unsigned int device_count(void);

/* NULL: why not is in device_reason(). */
struct device *device_open(unsigned int number, enum open_by by);
const char *device_reason(void);
void device_close(struct device *device);
/*
 * Closes it as its next user wants to find it: reset, if it does not run.  A
 * process that ends by exit() does so with all devices that it has open.
 */
void device_leave(struct device *device);

#endif
