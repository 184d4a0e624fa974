// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dirty page tracking by the device itself: the VFIO_DEVICE_FEATURE_DMA_LOGGING
 * features, which QEMU prefers to the IOMMU's tracking when it finds them.
 */
#define _GNU_SOURCE
#include "device-log.h"

#include <stdlib.h>

#include "devices.h"
#include "dma.h"

#define TRACKER	   "device"
#define MAX_RANGES 256 /* as Linux has it: a page of them */

static bool in_ranges(const struct device_log *log, u64 iova)
{
	u32 i;

	for (i = 0; i < log->range_count; i++)
		if (iova - log->ranges[i].iova < log->ranges[i].length)
			return true;
	return false;
}

int device_log_add(struct emulated_device *device, u64 iova, u32 bytes)
{
	if (!device->log.started || !in_ranges(&device->log, iova))
		return 0;
	return dirty_add(&device->log.dirty, iova, bytes);
}

void device_log_clear(struct emulated_device *device)
{
	dirty_clear(&device->log.dirty);
	free(device->log.ranges);
	device->log = (struct device_log){ 0 };
}

/* As Linux checks them: whole pages, without overlaps, and none that wraps around. */
static int check_ranges(const struct vfio_device_feature_dma_logging_range *ranges, u32 count,
			u64 page_size)
{
	u64 last;
	u32 i, j;

	for (i = 0; i < count; i++) {
		if ((ranges[i].iova | ranges[i].length) & (page_size - 1))
			return -EINVAL;
		if (__builtin_add_overflow(ranges[i].iova, ranges[i].length, &last))
			return -EOVERFLOW;
		for (j = 0; j < i; j++)
			if (ranges[i].iova < ranges[j].iova + ranges[j].length &&
			    ranges[j].iova < last)
				return -EINVAL;
	}
	return 0;
}

static int start(struct emulated_device *device,
		 const struct vfio_device_feature_dma_logging_control *control)
{
	const void *ranges = (const void *)(uintptr_t)control->ranges;
	size_t bytes = control->num_ranges * sizeof(*device->log.ranges);
	int error;

	if (!control->num_ranges || !ranges || !control->page_size ||
	    control->page_size & (control->page_size - 1))
		return -EINVAL;
	if (control->num_ranges > MAX_RANGES)
		return -E2BIG;
	error = check_ranges(ranges, control->num_ranges, control->page_size);
	if (error)
		return error;
	if (device->log.started)
		return -EBUSY;
	device->log.ranges = malloc(bytes);
	if (!device->log.ranges)
		return -ENOMEM;
	memcpy(device->log.ranges, ranges, bytes);
	device->log.range_count = control->num_ranges;
	device->log.started = true;
	return 0;
}

static int stop(struct emulated_device *device)
{
	if (!device->log.started)
		return -EINVAL;
	device_log_clear(device);
	return 0;
}

static s64 report(struct emulated_device *device,
		  const struct vfio_device_feature_dma_logging_report *wanted)
{
	if (!device->log.started)
		return -EINVAL;
	return dirty_report(&device->log.dirty, wanted->iova, wanted->length, wanted->page_size,
			    (u64 *)(uintptr_t)wanted->bitmap, false);
}

static s64 serve(struct emulated_device *device, struct vfio_device_feature *feature, u32 which)
{
	u32 body = feature->argsz - sizeof(*feature);

	switch (which) {
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
		if (body < sizeof(struct vfio_device_feature_dma_logging_control))
			return -EINVAL;
		return start(device, (void *)feature->data);
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
		return stop(device);
	default:
		if (body < sizeof(struct vfio_device_feature_dma_logging_report))
			return -EINVAL;
		return report(device, (void *)feature->data);
	}
}

static const char *operation_name(u32 which)
{
	switch (which) {
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
		return "start";
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
		return "stop";
	default:
		return "report";
	}
}

static bool is_started(struct emulated_device *device)
{
	bool started;

	dma_lock();
	started = device->log.started;
	dma_unlock();
	return started;
}

int device_log_feature(struct emulated_device *device, struct vfio_device_feature *feature)
{
	u32 which = feature->flags & VFIO_DEVICE_FEATURE_MASK;
	bool reporting = which == VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT;
	u32 allowed = reporting ? VFIO_DEVICE_FEATURE_GET : VFIO_DEVICE_FEATURE_SET;
	s64 result;

	if (!(device->profile.protocol & EMU_PROTOCOL_V2) || !device->profile.dma_logging)
		return -ENOTTY;
	if (feature->flags & ~(VFIO_DEVICE_FEATURE_MASK | VFIO_DEVICE_FEATURE_PROBE | allowed))
		return -EINVAL;
	if (feature->flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (!(feature->flags & allowed))
		return -EINVAL;

	if (reporting && is_started(device)) {
		pthread_mutex_lock(&device->lock);
		emu_before_dirty_report(device->model);
		pthread_mutex_unlock(&device->lock);
	}
	dma_lock();
	result = serve(device, feature, which);
	log_dirty(device->name, TRACKER, operation_name(which), result);
	dma_unlock();
	return result < 0 ? (int)result : 0;
}
