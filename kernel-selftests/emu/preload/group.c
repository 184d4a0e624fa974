// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/vfio/GROUP: puts the devices of a group into a container and opens them.
 */
#define _GNU_SOURCE
#include "group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "descriptors.h"
#include "device-file.h"
#include "devices.h"
#include "log.h"

/* An open group; its devices know it by name. */
struct group {
	char name[NAME_SIZE];
	struct container *container; /* NULL: in none; under dma_lock() */
};

static bool has_devices(const char *name)
{
	struct emulated_device *device;

	for (device = device_list(); device; device = device->next)
		if (device->group[0] && !strcmp(device->group, name))
			return true;
	return false;
}

/* Attaches all of the group's devices to `domain`, or detaches them (NULL). Wants dma_lock(). */
static void attach_devices(const struct group *group, struct dma_domain *domain)
{
	struct emulated_device *device;

	for (device = device_list(); device; device = device->next)
		if (!strcmp(device->group, group->name))
			device->domain = domain;
}

static int set_container(struct group *group, int fd)
{
	struct descriptor *descriptor = descriptor_get(fd);
	struct container *container = descriptor ? container_of_descriptor(descriptor) : NULL;
	int error = 0;

	dma_lock();
	if (!container || group->container) {
		error = -EINVAL;
	} else {
		container->users++;
		group->container = container;
		attach_devices(group, &container->domain);
	}
	dma_unlock();
	if (descriptor)
		descriptor_put(descriptor);
	return error;
}

static int unset_container(struct group *group)
{
	struct container *container;

	dma_lock();
	container = group->container;
	group->container = NULL;
	attach_devices(group, NULL);
	dma_unlock();
	if (!container)
		return -EINVAL;
	container_put(container);
	return 0;
}

static int get_status(const struct group *group, struct vfio_group_status *status)
{
	if (status->argsz < sizeof(*status))
		return -EINVAL;
	status->flags = VFIO_GROUP_FLAGS_VIABLE;
	if (group->container)
		status->flags |= VFIO_GROUP_FLAGS_CONTAINER_SET;
	return 0;
}

static int get_device(const struct group *group, const char *name)
{
	struct emulated_device *device = device_by_name(name);

	if (!group->container || !group->container->has_iommu)
		return -EINVAL;
	if (!device || strcmp(device->group, group->name))
		return -ENODEV;
	return device_open(device);
}

static long group_ioctl(struct descriptor *descriptor, unsigned int request, void *argument)
{
	struct group *group = descriptor->object;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		return get_status(group, argument);
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(group, *(const __s32 *)argument);
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(group);
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device(group, argument);
	default:
		log_unknown_ioctl("", request, descriptor->fd);
		return -ENOTTY;
	}
}

static void group_release(struct descriptor *descriptor)
{
	unset_container(descriptor->object);
	free(descriptor->object);
}

static const struct descriptor_operations group_operations = {
	.what = "group",
	.ioctl = group_ioctl,
	.release = group_release,
};

int group_open(const char *name)
{
	struct group *group;
	int fd;

	if (!has_devices(name))
		return -ENOENT;
	group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	strncpy(group->name, name, sizeof(group->name) - 1);
	fd = descriptor_create(&group_operations, group, "");
	if (fd < 0)
		free(group);
	return fd;
}
