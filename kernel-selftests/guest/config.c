// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration space as the guest reads it, what the device itself holds of it,
 * and MSI-X's table and pending bits: remembered, and compared.  What may differ
 * is for the host to say, so every difference is told, with both values.
 */
#include "config.h"

#include "controller.h"
#include "machine.h"
#include "text.h"

#define PCI_STATUS_INTERRUPT	(1 << 19)	/* of the word that begins with the command */
#define MSI_PENDING	0x14	/* of a capability with a 64-bit address and masks, as the device has */

#define POWER_CONTROL	0x04
#define POWER_STATE	0x0003	/* all ones: D3hot */
#define POWER_VALUE	0x0b08	/* PME enabled, data 5 selected; D0, and no reset on the way there */
#define EXPRESS_CONTROL	0x08
#define EXPRESS_VALUE	0x5830	/* reads of 4096 bytes, payloads of 256 */
#define EXPRESS_CONTROL_2	0x28
#define EXPRESS_VALUE_2	0x0006	/* completion timeout: 65 to 210 ms */

#define MSIX_CONTROL	0x02
#define MSIX_MASK_ALL	0x4000
#define MSIX_PENDING	0x08
#define MSIX_OFFSET	~7u
#define ENTRY_MASKED	1
#define MOST_ENTRIES	8	/* of which differences are told */
#define PATIENCE_MS	100	/* until an interrupt shows in the pending bits, or is handled */

static void set_control(const struct device *device, u8 capability, u8 offset, u16 value)
{
	if (capability)
		machine_config_write(device->address, capability + offset, 2, value);
}

void config_set_controls(const struct device *device)
{
	u8 express = pci_find_capability(device->address, PCI_CAPABILITY_EXPRESS);

	set_control(device, pci_find_capability(device->address, PCI_CAPABILITY_POWER),
		    POWER_CONTROL, POWER_VALUE);
	set_control(device, express, EXPRESS_CONTROL, EXPRESS_VALUE);
	set_control(device, express, EXPRESS_CONTROL_2, EXPRESS_VALUE_2);
}

void config_sleep(struct device *device, bool asleep)
{
	u16 control = pci_find_capability(device->address, PCI_CAPABILITY_POWER) + POWER_CONTROL;
	u32 value = machine_config_read(device->address, control, 2);

	device->power_control = control;
	if (!asleep)
		device->power_found = value;
	value = (value & ~(u32)POWER_STATE) | (asleep ? POWER_STATE : 0);
	machine_config_write(device->address, control, 2, value);
	if (asleep)
		device->power_left = device->power_found = value;
}

/* Bits that show the moment: an INTx that is asserted, MSI vectors that are pending. */
static u32 lasting(const struct device *device, u32 offset, u32 value)
{
	if (offset == PCI_COMMAND)
		return value & ~(u32)PCI_STATUS_INTERRUPT;
	if (device->msi && offset == (u32)device->msi + MSI_PENDING)
		return 0;
	return value;
}

static u32 seen(const struct device *device, u32 word)
{
	return lasting(device, 4 * word, machine_config_read(device->address, (u16)(4 * word), 4));
}

static u32 held(const struct device *device, u32 word)
{
	return lasting(device, 4 * word, device_read(device, REGISTER_CONFIG + 4 * word));
}

static u32 entry(const struct device *device, u32 vector, u32 word)
{
	return mmio_read32(device->table + 16 * vector + 4 * word);
}

void config_remember(struct device *device)
{
	u32 word, vector;

	for (word = 0; word < CONFIG_BYTES / 4; word++) {
		device->config[word] = seen(device, word);
		device->held[word] = held(device, word);
	}
	for (vector = 0; vector < device->msix_count; vector++)
		for (word = 0; word < 4; word++)
			device->entries[vector][word] = entry(device, vector, word);
	controller_remember();
}

/* NAME=PLACE:NUMBER..., one after the other; NAME=ok if there are none. */
static void print_difference(const char *name, u32 before, u32 place)
{
	if (before) {
		machine_put(',');
	} else {
		machine_put(' ');
		print(name);
		machine_put('=');
	}
	print_unsigned(place);
}

static void print_none(const char *name)
{
	machine_put(' ');
	print(name);
	print("=ok");
}

static void report_words(const struct device *device, const char *name, const u32 *before,
			 u32 (*now)(const struct device *device, u32 word))
{
	u32 word, found = 0;

	for (word = 0; word < CONFIG_BYTES / 4; word++) {
		u32 value = now(device, word);

		if (value == before[word])
			continue;
		print_difference(name, found++, 4 * word);
		print_number(before[word]);
		print_number(value);
	}
	if (!found)
		print_none(name);
}

static void report_table(const struct device *device)
{
	u32 vector, word, found = 0;

	for (vector = 0; vector < device->msix_count && found < MOST_ENTRIES; vector++) {
		for (word = 0; word < 4; word++) {
			u32 value = entry(device, vector, word);

			if (value == device->entries[vector][word])
				continue;
			print_difference("table", found++, vector);
			print_number(word);
			print_number(device->entries[vector][word]);
			print_number(value);
		}
	}
	if (!found)
		print_none("table");
}

static bool bit_of(u32 word, u32 bit)
{
	return word >> bit % 32 & 1;
}

/*
 * Is the bit as it has to be?  A masked vector is pending while its interrupt
 * has not been answered, others never.
 */
static bool pending_is_right(const struct device *device, u32 vector, bool *shown)
{
	u32 place = machine_config_read(device->address, device->msix + MSIX_PENDING, 4);
	uintptr_t bits = device->table + (place & MSIX_OFFSET);
	u16 control = machine_config_read(device->address, device->msix + MSIX_CONTROL, 2);
	bool masked = control & MSIX_MASK_ALL || entry(device, vector, 3) & ENTRY_MASKED;
	u32 raised = device_read(device, REGISTER_PENDING + 4 * (vector / 32));

	*shown = bit_of(mmio_read32(bits + 4 * (vector / 32)), vector);
	return *shown == (masked && bit_of(raised, vector));
}

static bool stays_wrong(const struct device *device, u32 vector, u64 since, bool *shown)
{
	u64 now;
	u32 hertz;

	do {
		if (pending_is_right(device, vector, shown))
			return false;
		machine_ticks(&now, &hertz);
	} while (now - since < (u64)PATIENCE_MS * (hertz / 1000));
	return true;
}

static void report_pending(const struct device *device)
{
	u32 vector, found = 0, hertz;
	u64 begin;
	bool shown;

	if (device->kind != KIND_MSIX) {
		print(" pending=none");
		return;
	}
	machine_ticks(&begin, &hertz);
	for (vector = 0; vector < device->vectors && found < MOST_ENTRIES; vector++) {
		if (!stays_wrong(device, vector, begin, &shown))
			continue;
		print_difference("pending", found++, vector);
		print_number(shown);
	}
	if (!found)
		print_none("pending");
}

void config_report(const struct device *device)
{
	if (device->power_left != device->power_found) {
		print_difference("config", 0, device->power_control);
		print_number(device->power_left);
		print_number(device->power_found);
	} else {
		report_words(device, "config", device->config, seen);
	}
	report_words(device, "held", device->held, held);
	report_table(device);
	report_pending(device);
}
