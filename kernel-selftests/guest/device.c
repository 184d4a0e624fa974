// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Driver of the emulated device: fills its memory, and checks that what came
 * through a migration is what must be there.
 */
#include "device.h"

#include "../abi/content.h"
#include "machine.h"

#define STATUS_VERIFIED	0x1
#define STATUS_ERROR	0x2

struct device devices[MAX_DEVICES];
unsigned int device_count;

void device_fill_page(const struct device *device, u32 page)
{
	u32 word, end = (page + 1) * (PAGE_SIZE / 4);

	for (word = end - PAGE_SIZE / 4; word < end; word++)
		mmio_write32(device->memory + 4 * word, mix(device->fill_seed ^ word));
}

void device_fill(struct device *device, u32 seed)
{
	u32 page;

	device->fill_seed = seed;
	for (page = 0; page < device->bars.size[BAR_MEMORY] / PAGE_SIZE; page++)
		device_fill_page(device, page);
	device->filled = true;
}

/* Both the words as the guest reads them and their sum as the device sees it. */
static bool memory_as_filled(const struct device *device)
{
	u32 word, sum = 0;

	if (device_read(device, REGISTER_MEMORY_BYTES) != device->bars.size[BAR_MEMORY])
		return false;
	for (word = 0; word < device->bars.size[BAR_MEMORY] / 4; word++) {
		u32 value = mix(device->fill_seed ^ word);

		if (mmio_read32(device->memory + 4 * word) != value)
			return false;
		sum += value;
	}
	return device_read(device, REGISTER_MEMORY_SUM) == sum;
}

void device_check(struct device *device, struct check_result *result)
{
	u32 status = device_read(device, REGISTER_STATUS);

	result->reach = device_read(device, REGISTER_ID) == REGISTERS_ID ? "ok" : "bad";
	result->memory = !device->filled ? "none" : memory_as_filled(device) ? "ok" : "bad";
	result->state = status & STATUS_ERROR ? "error" : status & STATUS_VERIFIED ? "ok" : "none";
}
