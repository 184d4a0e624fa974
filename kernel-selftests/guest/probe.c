// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the devices, gives their BARs places, and learns what they can do. */
#include "probe.h"

#include "config.h"
#include "machine.h"

#define IDENTITY	0x71701234	/* device 0x7170 of vendor 0x1234 */
#define BAR_REGISTERS	0
#define BAR_TABLE	4
#define PCI_HEADER_TYPE	0x0e
#define PCI_MULTIPLE	0x80
#define PCI_PIN		0x3d

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

const char *probe_move_bars(struct device *device)
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
void probe_all(void)
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
