/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI; `address` is bus << 8 | device << 3 | function. */
#ifndef GUEST_PCI_H
#define GUEST_PCI_H

#include "types.h"

#define PCI_COMMAND		0x04
#define PCI_COMMAND_MEMORY	0x0002
#define PCI_COMMAND_MASTER	0x0004
#define PCI_COMMAND_INTX_OFF	0x0400
#define PCI_BAR0		0x10
#define PCI_CAPABILITY_POWER	0x01
#define PCI_CAPABILITY_MSI	0x05
#define PCI_CAPABILITY_EXPRESS	0x10
#define PCI_CAPABILITY_MSIX	0x11

struct bars {
	u64 address[6];
	u32 size[6];	/* 0: no such BAR, or the upper half of a 64-bit one */
	bool wide[6];
};

void pci_assign_bars(u16 address, struct bars *bars);
void pci_write_bars(u16 address, const struct bars *bars);
u8 pci_find_capability(u16 address, u8 id);	/* its offset, 0: none */
void pci_command(u16 address, u16 clear, u16 set);

#endif
