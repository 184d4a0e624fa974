// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Driver of the emulated device: finds it, fills its memory, and checks that what
 * came through a migration is what must be there.
 */
#include "device.h"

#include "../abi/content.h"
#include "config.h"
#include "machine.h"

#define IDENTITY	0x71701234	/* device 0x7170 of vendor 0x1234 */
#define STATUS_VERIFIED	0x1
#define STATUS_ERROR	0x2
#define BAR_REGISTERS	0
#define BAR_MEMORY	2
#define BAR_TABLE	4
#define PCI_HEADER_TYPE	0x0e
#define PCI_MULTIPLE	0x80
#define PCI_PIN		0x3d

struct device devices[MAX_DEVICES];
unsigned int device_count;

static u16 control_of(u16 address, u8 capability)
{
	return machine_config_read(address, capability + 2, 2);
}

static void place(struct device *device)
{
	pci_assign_bars(device->address, &device->bars);
	device->registers = device->bars.address[BAR_REGISTERS];
	device->memory = device->bars.address[BAR_MEMORY];
	device->table = device->bars.address[BAR_TABLE];
}

const char *device_move_bars(struct device *device)
{
	u16 command = machine_config_read(device->address, PCI_COMMAND, 2);

	place(device);
	machine_config_write(device->address, PCI_COMMAND, 2, command);
	config_remember(device);
	return device_read(device, REGISTER_ID) == REGISTERS_ID ? NULL : "is not where its BARs are";
}

static void add_device(u16 address)
{
	struct device *device = &devices[device_count];

	device->address = address;
	place(device);
	if (!device->registers || device_read(device, REGISTER_ID) != REGISTERS_ID)
		return;
	device->msi = pci_find_capability(address, PCI_CAPABILITY_MSI);
	device->msix = pci_find_capability(address, PCI_CAPABILITY_MSIX);
	if (device->msi)
		device->msi_count = 1u << (control_of(address, device->msi) >> 1 & 7);
	if (device->msix)
		device->msix_count = (control_of(address, device->msix) & 0x7ff) + 1;
	device->pin = machine_config_read(address, PCI_PIN, 1);
	if (device->pin)
		device->line = machine_line(address, device->pin);
	config_set_controls(device);
	config_remember(device);
	device_count++;
}

/* The root bus only: slots in their order, functions within them. */
void device_find_all(void)
{
	u16 address;

	for (address = 0; address < 256 && device_count < MAX_DEVICES; address++) {
		if (machine_config_read(address, 0, 4) == IDENTITY)
			add_device(address);
		if (address % 8)
			continue;
		if (!(machine_config_read(address, PCI_HEADER_TYPE, 1) & PCI_MULTIPLE))
			address += 7;
	}
}

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

/* Accesses of other widths than a word, of which the device puts them together. */
static bool same_in_all_widths(const struct device *device)
{
	uintptr_t id = device->registers + REGISTER_ID;
	u32 halves = *(volatile u16 *)id | (u32)*(volatile u16 *)(id + 2) << 16, bytes = 0, i;

	for (i = 4; i--;)
		bytes = bytes << 8 | *(volatile u8 *)(id + i);
#ifdef __aarch64__
	if (*(volatile u64 *)id != (device_read(device, REGISTER_VERSION) * (1ull << 32) | REGISTERS_ID))
		return false;
#endif
	return halves == REGISTERS_ID && bytes == REGISTERS_ID;
}

void device_check(struct device *device, struct check_result *result)
{
	u32 status = device_read(device, REGISTER_STATUS);

	result->memory = !device->filled ? "none" : memory_as_filled(device) ? "ok" : "bad";
	result->widths = same_in_all_widths(device) ? "ok" : "bad";
	result->state = status & STATUS_ERROR ? "error" : status & STATUS_VERIFIED ? "ok" : "none";
}
