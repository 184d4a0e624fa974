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

static bool all_come(const struct device *device)
{
	u64 begin, now;
	u32 hertz;

	machine_ticks(&begin, &hertz);
	do {
		if (!interrupts_waiting(device))
			return true;
		machine_ticks(&now, &hertz);
	} while (now - begin < (u64)(hertz / 1000) * RAISE_WAIT_MS);
	return false;
}

void interrupts_raise_each(const struct device *device)
{
	u32 group, vector;

	for (group = 0; group < RAISE_GROUPS && group < device->vectors; group++) {
		for (vector = group; vector < device->vectors; vector += RAISE_GROUPS)
			device_write(device, REGISTER_RAISE, vector);
		if (!all_come(device))
			return;
	}
}
