// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads of the device tree what differs between virt machines: where the PCI
 * host bridge's configuration space is (high or low), where BARs may go, how much RAM and
 * whether there is an ITS, and how many processors.
 * QEMU places the tree at the start of RAM for a guest that is an ELF file.
 */
#include "devicetree.h"

#include "../text.h"

#define TREE		0x40000000
#define TREE_MAGIC	0xd00dfeed
#define BEGIN_NODE	1
#define END_NODE	2
#define PROPERTY	3
#define NOTHING		4

#define SPACE_MASK	0x03000000
#define SPACE_MEMORY32	0x02000000
#define SPACE_MEMORY64	0x03000000

/* Of one entry of `ranges`: 3 cells of PCI address, 2 of address, 2 of size. */
#define RANGE_CELLS	7

static u32 cell(uintptr_t address)
{
	return __builtin_bswap32(mmio_read32(address));
}

static u64 wide_cell(uintptr_t address)
{
	return (u64)cell(address) << 32 | cell(address + 4);
}

static bool starts_with(const char *text, const char *start)
{
	while (*start)
		if (*text++ != *start++)
			return false;
	return true;
}

static uintptr_t after_text(uintptr_t address)
{
	while (*(const char *)address)
		address++;
	return (address + 4) & ~(uintptr_t)3;
}

static void read_ranges(uintptr_t value, u32 bytes, struct layout *layout)
{
	uintptr_t end = value + bytes;

	for (; value + 4 * RANGE_CELLS <= end; value += 4 * RANGE_CELLS) {
		u32 space = cell(value) & SPACE_MASK;
		struct window window;

		window.base = wide_cell(value + 12);
		window.limit = window.base + wide_cell(value + 20) - 1;
		if (space == SPACE_MEMORY32)
			layout->narrow = window;
		else if (space == SPACE_MEMORY64)
			layout->wide = window;
	}
}

bool devicetree_read(struct layout *layout)
{
	uintptr_t at, names;
	bool inside = false, memory = false, its = false;
	unsigned int cpus = 0;

	if (cell(TREE) != TREE_MAGIC)
		return false;
	at = TREE + cell(TREE + 8);
	names = TREE + cell(TREE + 12);
	for (;;) {
		u32 token = cell(at), bytes;
		const char *name;

		at += 4;
		switch (token) {
		case BEGIN_NODE:
			inside = starts_with((const char *)at, "pcie@");
			memory = starts_with((const char *)at, "memory@");
			its |= starts_with((const char *)at, "its@");
			cpus += starts_with((const char *)at, "cpu@");
			at = after_text(at);
			break;
		case END_NODE:
			inside = false;
			memory = false;
			break;
		case PROPERTY:
			bytes = cell(at);
			name = (const char *)(names + cell(at + 4));
			at += 8;
			if (inside && same_text(name, "reg"))
				layout->config = wide_cell(at);
			else if (memory && same_text(name, "reg"))
				layout->ram = (struct window){ wide_cell(at),
							       wide_cell(at) + wide_cell(at + 8) - 1 };
			else if (inside && same_text(name, "ranges"))
				read_ranges(at, bytes, layout);
			at += (bytes + 3) & ~3u;
			break;
		case NOTHING:
			break;
		default:	/* the end, or not a tree */
			layout->cpus = cpus < MAX_CPUS ? cpus : MAX_CPUS;
			return its;
		}
	}
}
