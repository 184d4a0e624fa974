// SPDX-License-Identifier: GPL-2.0-or-later
/* The names under which Linux has a PCI device. */
#include "files.h"

#include "system.h"

#define NAME_BYTES 80

struct name {
	char text[NAME_BYTES];
	size_t length;
};

static void add(struct name *name, const char *text)
{
	while (*text && name->length < NAME_BYTES - 1)
		name->text[name->length++] = *text++;
	name->text[name->length] = '\0';
}

static void add_hex(struct name *name, u32 value, u32 digits)
{
	char digit[2] = "";

	while (digits--) {
		digit[0] = "0123456789abcdef"[value >> 4 * digits & 15];
		add(name, digit);
	}
}

/* DOMAIN:BUS:DEVICE.FUNCTION; there is one domain. */
static void add_address(struct name *name, u16 address)
{
	add(name, "0000:");
	add_hex(name, address >> 8, 2);
	add(name, ":");
	add_hex(name, address >> 3 & 0x1f, 2);
	add(name, ".");
	add_hex(name, address & 7, 1);
}

int files_open(u16 address, const char *file)
{
	struct name name = { .length = 0 };

	add(&name, "/sys/bus/pci/devices/");
	add_address(&name, address);
	add(&name, "/");
	add(&name, file);
	return system_open(name.text);
}

int files_open_driver(u16 address)
{
	struct name name = { .length = 0 };

	add(&name, "/dev/qpatch-");
	add_address(&name, address);
	return system_open(name.text);
}
