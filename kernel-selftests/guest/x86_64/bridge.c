// SPDX-License-Identifier: GPL-2.0-or-later
/* The PCI host bridge of a PC: configuration space, and where BARs go. */
#include "../machine.h"
#include "ports.h"

#define CONFIG_ADDRESS		0xcf8
#define CONFIG_DATA		0xcfc
#define CONFIG_ON		0x80000000u

static u16 select_config(u16 address, u16 offset)
{
	out32(CONFIG_ADDRESS, CONFIG_ON | (u32)address << 8 | (offset & ~3u));
	return CONFIG_DATA + (offset & 3);
}

u32 machine_config_read(u16 address, u16 offset, unsigned int bytes)
{
	u16 port = select_config(address, offset);

	return bytes == 1 ? in8(port) : bytes == 2 ? in16(port) : in32(port);
}

void machine_config_write(u16 address, u16 offset, unsigned int bytes, u32 value)
{
	u16 port = select_config(address, offset);

	if (bytes == 1)
		out8(port, value);
	else if (bytes == 2)
		out16(port, value);
	else
		out32(port, value);
}

/* Above the RAM of any machine of the lab, below the IOAPIC; nothing above 4 GiB can be reached. */
struct window machine_window(bool wide)
{
	struct window none = { 0, 0 }, narrow = { 0xc0000000, 0xfebfffff };

	return wide ? none : narrow;
}
