// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the device model asks of its surroundings: eventfds, guest memory, the
 * log and a pause.  All calls come with the device's lock held.
 */
#define _GNU_SOURCE
#include "device-host.h"

#include <time.h>

#include "device-dma.h"
#include "devices.h"
#include "log.h"
#include "trigger.h"

/* The vector that the SET_IRQS under way gives to `fd`; the model asks in the order of vectors. */
static u32 vector_of(struct emulated_device *device, int fd)
{
	const struct vfio_irq_set *irqs = device->irqs;
	const __s32 *fds = (const __s32 *)irqs->data;

	while (device->next_irq < irqs->count)
		if (fds[device->next_irq++] == fd)
			return irqs->start + device->next_irq - 1;
	return irqs->start;
}

static void *host_get_trigger(void *context, int fd)
{
	struct emulated_device *device = context;

	return trigger_get(fd, device->name, emu_irq_name(device->irqs->index),
			   vector_of(device, fd));
}

static void host_put_trigger(void *context, void *trigger)
{
	(void)context;
	trigger_put(trigger);
}

static void host_signal(void *context, void *trigger)
{
	(void)context;
	trigger_signal(trigger);
}

static void host_signal_late(void *context, void *trigger)
{
	(void)context;
	trigger_signal_late(trigger);
}

static int host_dma_write(void *context, u64 iova, const void *data, u32 bytes)
{
	return device_dma_write(context, iova, data, bytes);
}

static int host_dma_read(void *context, u64 iova, void *data, u32 bytes)
{
	return device_dma_read(context, iova, data, bytes);
}

static void host_pause(void *context, u32 milliseconds)
{
	struct timespec left = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };

	(void)context;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static void host_reset_others(void *context)
{
	((struct emulated_device *)context)->resets_others = true;
}

static void host_log(void *context, const char *event, const char *text)
{
	log_event(((struct emulated_device *)context)->name, event, "%s", text);
}

const struct emu_host device_host = {
	.get_trigger = host_get_trigger,
	.put_trigger = host_put_trigger,
	.signal = host_signal,
	.signal_late = host_signal_late,
	.dma_write = host_dma_write,
	.dma_read = host_dma_read,
	.pause = host_pause,
	.reset_others = host_reset_others,
	.log = host_log,
};
