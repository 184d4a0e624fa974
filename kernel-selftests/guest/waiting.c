// SPDX-License-Identifier: GPL-2.0-or-later
/* What the device says of interrupts that nobody has handled. */
#include "interrupt.h"

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
