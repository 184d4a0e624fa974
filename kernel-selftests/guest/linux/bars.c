// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration space and BARs as Linux has them. It has placed the BARs; each is
 * mapped where it physically is, so that its address serves the program as well.
 */
#include "../machine.h"
#include "../pci.h"
#include "files.h"
#include "system.h"

#define ADDRESSES	256	/* of the root bus */
#define NOT_LOOKED	0	/* descriptor 0 is the serial line's */
#define LINE_BYTES	57	/* of three numbers of 64 bits in `resource` */
#define NUMBER_BYTES	19
#define PCI_LATENCY	0x0d
#define PCI_LINE	0x3c
#define FLAG_MEMORY	0x200
#define FLAG_WIDE	0x100000

static int config_files[ADDRESSES];

static int config_file(u16 address)
{
	if (address >= ADDRESSES)
		return -1;
	if (config_files[address] == NOT_LOOKED)
		config_files[address] = files_open(address, "config");
	return config_files[address];
}

u32 machine_config_read(u16 address, u16 offset, unsigned int bytes)
{
	int file = config_file(address);
	u32 value = 0;

	if (file < 0 || system_read_at(file, &value, bytes, offset) != (long)bytes)
		return 0xffffffff;
	return value;
}

void machine_config_write(u16 address, u16 offset, unsigned int bytes, u32 value)
{
	system_write_at(config_file(address), &value, bytes, offset);
}

static u64 number(const char *text)
{
	u64 value = 0;
	int i;

	for (i = 2; i < 18; i++)	/* behind 0x */
		value = value << 4 | (u64)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
	return value;
}

static void map(u16 address, unsigned int bar, u64 place, u32 bytes)
{
	char name[] = "resource0";
	int file;

	name[sizeof(name) - 2] += bar;
	file = files_open(address, name);
	system_map(file, 0, bytes, place);
	system_close(file);
}

/*
 * Linux writes a latency timer and the number of its interrupt there.  QEMU does
 * not give them to the destination's device, and nobody misses them: so as not to
 * find that in each run, they are what they are after a reset.
 */
static void forget_what_is_lost(u16 address)
{
	machine_config_write(address, PCI_LATENCY, 1, 0);
	machine_config_write(address, PCI_LINE, 1, 0);
}

void pci_assign_bars(u16 address, struct bars *bars)
{
	char text[ARRAY_SIZE(bars->size) * LINE_BYTES];
	int file = files_open(address, "resource");
	unsigned int i;

	if (system_read(file, text, sizeof(text)) != (long)sizeof(text))
		return;
	system_close(file);
	for (i = 0; i < ARRAY_SIZE(bars->size); i++) {
		const char *line = text + i * LINE_BYTES;
		u64 first = number(line), last = number(line + NUMBER_BYTES);
		u64 flags = number(line + 2 * NUMBER_BYTES);

		if (!(flags & FLAG_MEMORY))
			continue;
		bars->address[i] = first;
		bars->size[i] = (u32)(last - first + 1);
		bars->wide[i] = flags & FLAG_WIDE;
		map(address, i, first, bars->size[i]);
	}
	forget_what_is_lost(address);
}
