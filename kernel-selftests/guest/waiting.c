// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts that nobody has handled yet, by what the device says of them. */
#include "interrupt.h"

#include "machine.h"

#define RAISE_GROUPS	16
#define RAISE_WAIT_MS	200

u32 interrupts_waiting(const struct device *device)
{
	u32 vector, waiting = 0, pending = 0;

	if (device->kind == KIND_INTX)
		return device_read(device, REGISTER_INTX) != 0;
	for (vector = 0; vector < device->vectors; vector++) {
		if (vector % 32 == 0)
			pending = device_read(device, REGISTER_PENDING + vector / 8);
		if (!device->masked[vector] && pending & 1u << vector % 32)
			waiting++;
	}
	return waiting;
}

bool interrupt_waits(const struct device *device, u32 vector)
{
	if (device->kind == KIND_INTX)
		return device_read(device, REGISTER_INTX) != 0;
	return device_read(device, REGISTER_PENDING + vector / 32 * 4) & 1u << vector % 32;
}

static u32 waiting_in(const struct device *first, unsigned int count)
{
	u32 waiting = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		waiting += interrupts_waiting(&first[i]);
	return waiting;
}

u32 interrupts_settle(const struct device *first, unsigned int count, u32 milliseconds)
{
	u64 begin, now;
	u32 hertz, waiting;

	machine_ticks(&begin, &hertz);
	do {
		waiting = waiting_in(first, count);
		machine_ticks(&now, &hertz);
	} while (waiting && now - begin < (u64)milliseconds * (hertz / 1000));
	return waiting;
}

void interrupts_raise_each(const struct device *device)
{
	u32 group, vector;

	for (group = 0; group < RAISE_GROUPS && group < device->vectors; group++) {
		for (vector = group; vector < device->vectors; vector += RAISE_GROUPS)
			device_write(device, REGISTER_RAISE, vector);
		if (interrupts_settle(device, 1, RAISE_WAIT_MS))
			return;
	}
}
