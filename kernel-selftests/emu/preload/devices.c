// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of emulated devices.  It is complete before QEMU's main() runs and
 * never changes afterwards.
 */
#define _GNU_SOURCE
#include "devices.h"

static struct emulated_device *first;

struct emulated_device *device_list(void)
{
	return first;
}

void device_add(struct emulated_device *device)
{
	struct emulated_device **end = &first;

	while (*end)
		end = &(*end)->next;
	pthread_mutex_init(&device->lock, NULL);
	*end = device;
}

struct emulated_device *device_by_name(const char *name)
{
	struct emulated_device *device;

	for (device = first; device; device = device->next)
		if (!strcmp(device->name, name))
			return device;
	return NULL;
}

struct emulated_device *device_by_cdev(const char *cdev)
{
	struct emulated_device *device;

	for (device = first; device; device = device->next)
		if (device->cdev[0] && !strcmp(device->cdev, cdev))
			return device;
	return NULL;
}
