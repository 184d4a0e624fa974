// SPDX-License-Identifier: GPL-2.0-or-later
/* PCI as a firmware and a driver see it: BARs, capabilities, the command register. */
#include "pci.h"

#include "machine.h"

#define PCI_STATUS		0x06
#define PCI_STATUS_CAPABILITIES	0x10
#define PCI_CAPABILITIES	0x34

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
