// SPDX-License-Identifier: GPL-2.0-or-later
/* BARs sized and placed, as a firmware does. */
#include "machine.h"
#include "pci.h"

#define BAR_IO		0x1
#define BAR_WIDE	0x4

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
