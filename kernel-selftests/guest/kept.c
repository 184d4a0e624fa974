// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers that have what the driver wrote last: one that chooses what
 * another one shows, which has to stay chosen in between, and one without a
 * meaning.  And those that show what came of what the driver did last.
 */
#include "kept.h"

#include "frames.h"

static const u32 registers[KEPT_REGISTERS] = {
	REGISTER_SELECT,	REGISTER_SCRATCH,   REGISTER_SCRATCH + 4,
	REGISTER_DIGEST,	REGISTER_RING_LOW,  REGISTER_RING_HIGH,
	REGISTER_RING_PAGES,	REGISTER_VECTORS,   REGISTER_MEMORY_BYTES,
};

#define WRITTEN	3	/* the first of them, which the driver writes here */

void kept_check(const struct device *device, struct check_result *result)
{
	u32 i;

	result->kept = device->has_left ? "ok" : "none";
	for (i = 0; device->has_left && i < KEPT_REGISTERS; i++)
		if (device_read(device, registers[i]) != device->left[i])
			result->kept = "bad";
}

void kept_leave(struct device *device)
{
	u32 i;

	for (i = 0; i < WRITTEN; i++)
		device_write(device, registers[i], random_number());
	for (i = 0; i < KEPT_REGISTERS; i++)
		device->left[i] = device_read(device, registers[i]);
	device->has_left = true;
}

u32 kept_sequence(const struct device *device, u32 page)
{
	u32 sequence;

	device_write(device, REGISTER_SELECT, page);
	sequence = device_read(device, REGISTER_SEQUENCE);
	if (device->has_left)
		device_write(device, REGISTER_SELECT, device->left[0]);
	return sequence;
}
