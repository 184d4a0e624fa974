// SPDX-License-Identifier: GPL-2.0-or-later
/* PCI as a firmware and a driver see it: BARs, capabilities, the command register. */
#include "pci.h"

#include "machine.h"

#define PCI_STATUS		0x06
#define PCI_STATUS_CAPABILITIES	0x10
#define PCI_CAPABILITIES	0x34
#define BAR_IO			0x1
#define BAR_WIDE		0x4

static u64 next_address[2];	/* in the windows for BARs of 32 and of 64 bits */

static u64 place(bool wide, u32 size)
{
	struct window window = machine_window(wide);
	u64 *next = &next_address[wide];
	u64 address;

	if (!window.limit)
		return place(false, size);
	if (!*next)
		*next = window.base;
	address = (*next + size - 1) & ~(u64)(size - 1);
	if (address + size - 1 > window.limit)
		return 0;
	*next = address + size;
	return address;
}

void pci_write_bars(u16 address, const struct bars *bars)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bars->size); i++) {
		if (!bars->size[i])
			continue;
		machine_config_write(address, PCI_BAR0 + 4 * i, 4, (u32)bars->address[i]);
		if (bars->wide[i])
			machine_config_write(address, PCI_BAR0 + 4 * (i + 1), 4,
					     (u32)(bars->address[i] >> 32));
	}
}

/* Sizes and places the memory BARs (none is as large as 4 GiB), with decoding off meanwhile. */
void pci_assign_bars(u16 address, struct bars *bars)
{
	unsigned int i;

	pci_command(address, PCI_COMMAND_MEMORY, 0);
	for (i = 0; i < ARRAY_SIZE(bars->size); i++) {
		u16 offset = PCI_BAR0 + 4 * i;
		u32 low;

		machine_config_write(address, offset, 4, 0xffffffff);
		low = machine_config_read(address, offset, 4);
		if (!low || low & BAR_IO)
			continue;
		bars->size[i] = -(low & ~0xfu);
		bars->wide[i] = low & BAR_WIDE;
		bars->address[i] = place(bars->wide[i], bars->size[i]);
		if (bars->wide[i])
			i++;
	}
	pci_write_bars(address, bars);
	pci_command(address, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
}

u8 pci_find_capability(u16 address, u8 id)
{
	u8 offset = 0;
	int rest = 48;	/* no more fit into 256 bytes: a loop would end too */

	if (machine_config_read(address, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES)
		offset = machine_config_read(address, PCI_CAPABILITIES, 1) & ~3;
	while (offset && rest--) {
		if (machine_config_read(address, offset, 1) == id)
			return offset;
		offset = machine_config_read(address, offset + 1, 1) & ~3;
	}
	return 0;
}

void pci_command(u16 address, u16 clear, u16 set)
{
	u16 command = machine_config_read(address, PCI_COMMAND, 2);

	machine_config_write(address, PCI_COMMAND, 2, (command & ~clear) | set);
}
