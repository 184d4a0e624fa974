// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DMA logging: the pages that the device has written since they were reported
 * last.  The vfio core has checked what the user asks for, but not whether it
 * fits what was asked before.
 */
#include <linux/interval_tree.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "qpatch.h"

static bool in_ranges(const struct qpatch_log *log, u64 iova)
{
	u32 i;

	for (i = 0; i < log->range_count; i++)
		if (iova - log->ranges[i].iova < log->ranges[i].length)
			return true;
	return false;
}

int qpatch_log_add(struct qpatch_device *device, u64 iova, u32 bytes)
{
	struct qpatch_log *log = &device->log;
	u64 page = iova / EMU_PAGE_SIZE;
	int error = 0;

	if (!log->started || !in_ranges(log, iova))
		return 0;
	for (; !error && page <= (iova + bytes - 1) / EMU_PAGE_SIZE; page++)
		error = xa_err(xa_store(&log->pages, page, xa_mk_value(1), GFP_KERNEL_ACCOUNT));
	return error;
}

void qpatch_log_clear(struct qpatch_device *device)
{
	struct qpatch_log *log = &device->log;

	xa_destroy(&log->pages);
	kfree(log->ranges);
	log->ranges = NULL;
	log->range_count = 0;
	log->started = false;
}

static int start(struct qpatch_log *log, struct rb_root_cached *ranges, u32 count)
{
	struct interval_tree_node *node;

	if (log->started)
		return -EBUSY;
	log->ranges = kcalloc(count, sizeof(*log->ranges), GFP_KERNEL_ACCOUNT);
	if (!log->ranges)
		return -ENOMEM;
	for (node = interval_tree_iter_first(ranges, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		log->ranges[log->range_count].iova = node->start;
		log->ranges[log->range_count++].length = node->last - node->start + 1;
	}
	log->started = true;
	return 0;
}

static int log_start(struct vfio_device *vdev, struct rb_root_cached *ranges, u32 count,
		     u64 *page_size)
{
	struct qpatch_device *device = qpatch_device(vdev);
	int error;

	if (!is_power_of_2(*page_size))
		return -EINVAL;
	mutex_lock(&device->lock);
	error = start(&device->log, ranges, count);
	mutex_unlock(&device->lock);
	return error;
}

static int log_stop(struct vfio_device *vdev)
{
	struct qpatch_device *device = qpatch_device(vdev);
	bool started;

	mutex_lock(&device->lock);
	started = device->log.started;
	qpatch_log_clear(device);
	mutex_unlock(&device->lock);
	return started ? 0 : -EINVAL;
}

static void report(struct qpatch_log *log, u64 iova, u64 bytes, struct iova_bitmap *dirty)
{
	unsigned long page;
	void *entry;

	if (!bytes)
		return;
	xa_for_each_range(&log->pages, page, entry, iova / EMU_PAGE_SIZE,
			  (iova + bytes - 1) / EMU_PAGE_SIZE) {
		iova_bitmap_set(dirty, page * EMU_PAGE_SIZE, EMU_PAGE_SIZE);
		xa_erase(&log->pages, page);
	}
}

/* The core comes once for so much of the range as it maps of the user's bitmap at a time. */
static int log_read_and_clear(struct vfio_device *vdev, unsigned long iova, unsigned long bytes,
			      struct iova_bitmap *dirty)
{
	struct qpatch_device *device = qpatch_device(vdev);
	int error = 0;

	mutex_lock(&device->lock);
	if (device->log.started) {
		emu_before_dirty_report(device->model);
		report(&device->log, iova, bytes, dirty);
	} else {
		error = -EINVAL;
	}
	mutex_unlock(&device->lock);
	return error;
}

const struct vfio_log_ops qpatch_log_ops = {
	.log_start = log_start,
	.log_stop = log_stop,
	.log_read_and_clear = log_read_and_clear,
};
