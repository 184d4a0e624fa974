// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the device model asks of its surroundings: eventfds, memory of the user,
 * the log, a pause, and which state of a migration comes next.  All calls come
 * with the device's lock held.
 */
#include <linux/sched/signal.h>

#include "qpatch.h"

#define LATE_MS	10

static void *host_get_trigger(void *context, int fd)
{
	struct eventfd_ctx *eventfd = eventfd_ctx_fdget(fd);

	return IS_ERR(eventfd) ? NULL : eventfd;
}

static void host_put_trigger(void *context, void *trigger)
{
	struct qpatch_device *device = context;

	if (trigger == device->late_trigger) {
		cancel_delayed_work_sync(&device->late);
		device->late_trigger = NULL;
	}
	eventfd_ctx_put(trigger);
}

static void host_signal(void *context, void *trigger)
{
	qpatch_eventfd_signal(trigger);
}

static void signal_now(struct work_struct *work)
{
	struct qpatch_device *device = container_of(to_delayed_work(work), struct qpatch_device,
						    late);

	qpatch_eventfd_signal(device->late_trigger);
}

static void host_signal_late(void *context, void *trigger)
{
	struct qpatch_device *device = context;

	flush_delayed_work(&device->late);
	device->late_trigger = trigger;
	schedule_delayed_work(&device->late, msecs_to_jiffies(LATE_MS));
}

static int host_dma_write(void *context, u64 iova, const void *data, u32 bytes)
{
	struct qpatch_device *device = context;
	int error = vfio_dma_rw(&device->vdev, iova, (void *)data, bytes, true);

	if (error || !emu_reports_dirty_pages(device->model))
		return error;
	return qpatch_log_add(device, iova, bytes);
}

static int host_dma_read(void *context, u64 iova, void *data, u32 bytes)
{
	struct qpatch_device *device = context;

	return vfio_dma_rw(&device->vdev, iova, data, bytes, false);
}

/* Its user can be killed meanwhile. */
static void host_pause(void *context, u32 milliseconds)
{
	unsigned long left = msecs_to_jiffies(milliseconds);

	while (left && !fatal_signal_pending(current))
		left = schedule_timeout_killable(left);
}

static void host_reset_others(void *context)
{
	struct qpatch_device *device = context;

	device->resets_others = true;
}

/* The lines of the preload lab's log, where dynamic debugging is on (dyndbg=+p). */
static void host_log(void *context, const char *event, const char *text)
{
	struct qpatch_device *device = context;

	dev_dbg(device->vdev.dev, "{\"event\":\"%s\"%s%s}\n", event, *text ? "," : "", text);
}

#if QPATCH_CORE_HAS_PRE_COPY
static int host_next_state(void *context, int from, int to)
{
	struct qpatch_device *device = context;
	enum vfio_device_mig_state next;
	int error = vfio_mig_get_next_state(&device->vdev, from, to, &next);

	return error ?: next;
}
#endif

const struct emu_host qpatch_host = {
	.get_trigger = host_get_trigger,
	.put_trigger = host_put_trigger,
	.signal = host_signal,
	.signal_late = host_signal_late,
	.dma_write = host_dma_write,
	.dma_read = host_dma_read,
	.pause = host_pause,
	.reset_others = host_reset_others,
	.log = host_log,
#if QPATCH_CORE_HAS_PRE_COPY
	.next_state = host_next_state,
#endif
};

void qpatch_host_init(struct qpatch_device *device)
{
	INIT_DELAYED_WORK(&device->late, signal_now);
}
