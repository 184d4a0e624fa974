/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a device. */
#ifndef PRELOAD_DEVICE_FILE_H
#define PRELOAD_DEVICE_FILE_H

struct emulated_device;

/*
 * Opens the device: its memory is new, its state that of a reset.  Returns the
 * descriptor of its file or -errno, -EBUSY if it is open.
 */
int device_open(struct emulated_device *device);

/* What /dev/vfio/devices/NAME gives, before it is bound to an iommufd. */
int cdev_open(struct emulated_device *device);

#endif
