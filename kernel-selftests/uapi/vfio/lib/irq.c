// SPDX-License-Identifier: GPL-2.0-or-later
/* VFIO_DEVICE_SET_IRQS. */
#include "irq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_DATA 4096

u32 irq_count(const struct device *device, u32 index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	if (index >= device->info.num_irqs || ioctl(device->fd, VFIO_DEVICE_GET_IRQ_INFO, &info))
		return 0;
	return info.flags & VFIO_IRQ_INFO_EVENTFD ? info.count : 0;
}

static int set_irqs(const struct device *device, const struct vfio_irq_set *set,
		    const void *data, size_t bytes)
{
	u64 buffer[MAX_DATA / sizeof(u64)] = { 0 };
	struct vfio_irq_set *whole = (void *)buffer;

	if (sizeof(*set) + bytes > sizeof(buffer))
		return -E2BIG;
	memcpy(whole, set, sizeof(*set));
	whole->argsz = sizeof(*set) + bytes;
	if (bytes)
		memcpy(whole->data, data, bytes);
	return ioctl(device->fd, VFIO_DEVICE_SET_IRQS, whole) ? -errno : 0;
}

int irq_set(const struct device *device, u32 index, u32 count, const int *fds)
{
	struct vfio_irq_set set = {
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
		.count = count,
	};

	return set_irqs(device, &set, fds, count * sizeof(*fds));
}

int irq_disable(const struct device *device, u32 index)
{
	struct vfio_irq_set set = {
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
	};

	return set_irqs(device, &set, NULL, 0);
}

int irq_trigger(const struct device *device, u32 index, u32 vector)
{
	struct vfio_irq_set set = {
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
		.start = vector,
		.count = 1,
	};

	return set_irqs(device, &set, NULL, 0);
}

int irq_trigger_bool(const struct device *device, u32 index, u32 count, const u8 *vectors)
{
	struct vfio_irq_set set = {
		.flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
		.count = count,
	};

	return set_irqs(device, &set, vectors, count);
}

int irq_unmask_intx(const struct device *device)
{
	struct vfio_irq_set set = {
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		.index = VFIO_PCI_INTX_IRQ_INDEX,
		.count = 1,
	};

	return set_irqs(device, &set, NULL, 0);
}

void irq_make_eventfds(int *fds, u32 count)
{
	while (count--) {
		fds[count] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fds[count] < 0) {
			perror("eventfd");
			exit(1);
		}
	}
}

void irq_close_eventfds(int *fds, u32 count)
{
	while (count--) {
		if (fds[count] >= 0)
			close(fds[count]);
		fds[count] = -1;
	}
}

u64 irq_signals(int fd)
{
	u64 signals;

	return read(fd, &signals, sizeof(signals)) == sizeof(signals) ? signals : 0;
}
