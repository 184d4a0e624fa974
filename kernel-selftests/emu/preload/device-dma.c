// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices' accesses to guest memory, by way of the domains that they are
 * attached to.
 */
#define _GNU_SOURCE
#include "device-dma.h"

#include "device-log.h"
#include "devices.h"
#include "dma.h"

static int note_written(struct emulated_device *device, uint64_t iova, uint32_t bytes)
{
	struct dma_domain *domain = device->domain;
	int error = 0;

	if (!emu_reports_dirty_pages(device->model))
		return 0;
	if (domain->tracking)
		error = dirty_add(&domain->dirty, iova, bytes);
	return error ? error : device_log_add(device, iova, bytes);
}

int device_dma_write(struct emulated_device *device, uint64_t iova, const void *data,
		     uint32_t bytes)
{
	int error = -EFAULT;

	dma_lock();
	if (device->domain)
		error = space_write(device->domain->space, iova, data, bytes);
	if (!error)
		error = note_written(device, iova, bytes);
	dma_unlock();
	return error;
}

int device_dma_read(struct emulated_device *device, uint64_t iova, void *data, uint32_t bytes)
{
	int error = -EFAULT;

	dma_lock();
	if (device->domain)
		error = space_read(device->domain->space, iova, data, bytes);
	dma_unlock();
	return error;
}

void device_dma_before_report(const struct dma_domain *domain)
{
	struct emulated_device *device;
	bool attached;

	for (device = device_list(); device; device = device->next) {
		dma_lock();
		attached = device->domain == domain && domain->tracking;
		dma_unlock();
		if (!attached)
			continue;
		pthread_mutex_lock(&device->lock);
		if (device->opened)
			emu_before_dirty_report(device->model);
		pthread_mutex_unlock(&device->lock);
	}
}
