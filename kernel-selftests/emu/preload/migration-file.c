// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data stream of migration protocol v2: a descriptor that QEMU reads the
 * device's state from, or writes it to.
 */
#define _GNU_SOURCE
#include "migration-file.h"

#include <stdlib.h>

#include "descriptors.h"
#include "devices.h"
#include "log.h"

struct migration_file {
	struct emulated_device *device;
	u32 session;
	bool reading;
};

/* The model, for one access to a stream that is the device's present one; else NULL. */
static struct emu_device *begin_access(struct migration_file *file)
{
	pthread_mutex_lock(&file->device->lock);
	if (!file->device->opened || file->device->session != file->session)
		return NULL;
	return file->device->model;
}

static int64_t end_access(struct migration_file *file, int64_t result)
{
	pthread_mutex_unlock(&file->device->lock);
	return result;
}

static int64_t migration_read(struct descriptor *descriptor, void *buffer, size_t bytes)
{
	struct migration_file *file = descriptor->object;
	struct emu_device *model;

	if (!file->reading)
		return -EBADF;
	model = begin_access(file);
	return end_access(file, model ? emu_migration_read(model, buffer, bytes) : -ENODEV);
}

static int64_t migration_write(struct descriptor *descriptor, const void *buffer, size_t bytes)
{
	struct migration_file *file = descriptor->object;
	struct emu_device *model;

	if (file->reading)
		return -EBADF;
	model = begin_access(file);
	return end_access(file, model ? emu_migration_write(model, buffer, bytes) : -ENODEV);
}

static long migration_ioctl(struct descriptor *descriptor, unsigned int request, void *argument)
{
	struct migration_file *file = descriptor->object;
	struct emu_device *model;

	if (request != VFIO_MIG_GET_PRECOPY_INFO) {
		log_unknown_ioctl(descriptor->device, request, descriptor->fd);
		return -ENOTTY;
	}
	model = begin_access(file);
	return end_access(file, model ? emu_get_precopy_info(model, argument) : -ENODEV);
}

static void migration_release(struct descriptor *descriptor)
{
	free(descriptor->object);
}

static const struct descriptor_operations migration_operations = {
	.what = "migration",
	.ioctl = migration_ioctl,
	.read = migration_read,
	.write = migration_write,
	.release = migration_release,
};

int migration_file_open(struct emulated_device *device, bool reading)
{
	struct migration_file *file = calloc(1, sizeof(*file));
	int fd;

	if (!file)
		return -ENOMEM;
	*file = (struct migration_file){ device, ++device->session, reading };
	fd = descriptor_create(&migration_operations, file, device->name);
	if (fd < 0)
		free(file);
	return fd;
}
