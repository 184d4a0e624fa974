// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The PCI device 1234:7170, whose registers are in abi/registers.h: made for
 * tests of migration, by a library or a kernel module.
 */
#include "../driver.h"

#include <errno.h>
#include <linux/pci_regs.h>

#include "registers.h"

#define VENDOR		0x1234
#define DEVICE		0x7170

#define REGISTERS_BAR	0
#define MEMORY_BAR	2
#define MARKED_WORDS	64	/* of the memory, one in every page of it */
#define MARK_STRIDE	1024

/* Of REGISTER_STATUS. */
#define STATUS_VERIFIED	(1 << 0)
#define STATUS_WRONG	(1 << 1)

static bool probe(const struct device *device)
{
	u16 vendor = 0, number = 0;
	u32 id = 0;

	return !config_read(device, PCI_VENDOR_ID, &vendor, sizeof(vendor)) && vendor == VENDOR &&
	       !config_read(device, PCI_DEVICE_ID, &number, sizeof(number)) && number == DEVICE &&
	       !bar_read32(device, REGISTERS_BAR, REGISTER_ID, &id) && id == REGISTERS_ID;
}

static int mark(const struct device *device, u32 seed)
{
	int error = bar_write32(device, REGISTERS_BAR, REGISTER_SCRATCH, seed);
	u32 i;

	for (i = 0; !error && i < MARKED_WORDS; i++)
		error = bar_write32(device, MEMORY_BAR, i * MARK_STRIDE, seed * (2 * i + 1));
	return error;
}

static int digest(const struct device *device, u32 *digest)
{
	u32 sum, scratch;
	int error = bar_read32(device, REGISTERS_BAR, REGISTER_MEMORY_SUM, &sum);

	if (!error)
		error = bar_read32(device, REGISTERS_BAR, REGISTER_SCRATCH, &scratch);
	if (!error)
		*digest = sum * 31 + scratch;
	return error;
}

static int set_command(const struct device *device, u16 bits)
{
	u16 command;
	int error = config_read(device, PCI_COMMAND, &command, sizeof(command));

	if (error || (command & bits) == bits)
		return error;
	command |= bits;
	return config_write(device, PCI_COMMAND, &command, sizeof(command));
}

static int write_page(const struct device *device, u64 iova)
{
	int error = set_command(device, PCI_COMMAND_MASTER);

	if (!error)
		error = bar_write32(device, REGISTERS_BAR, REGISTER_RING_LOW, (u32)iova);
	if (!error)
		error = bar_write32(device, REGISTERS_BAR, REGISTER_RING_HIGH, iova >> 32);
	if (!error)
		error = bar_write32(device, REGISTERS_BAR, REGISTER_RING_PAGES, 1);
	if (!error)
		error = bar_write32(device, REGISTERS_BAR, REGISTER_KICK, 0);
	/* It would go on writing there by itself. */
	if (!error)
		error = bar_write32(device, REGISTERS_BAR, REGISTER_RING_PAGES, 0);
	return error;
}

static int interrupt(const struct device *device, u32 vector)
{
	int error = set_command(device, PCI_COMMAND_MASTER);

	return error ?: bar_write32(device, REGISTERS_BAR, REGISTER_RAISE, vector);
}

static int acknowledge(const struct device *device, u32 vector, bool is_intx)
{
	return is_intx ? bar_write32(device, REGISTERS_BAR, REGISTER_INTX, 1) :
			 bar_write32(device, REGISTERS_BAR, REGISTER_ACK, vector);
}

static int state_is_right(const struct device *device)
{
	u32 status;
	int error = bar_read32(device, REGISTERS_BAR, REGISTER_STATUS, &status);

	if (error)
		return error;
	return (status & STATUS_VERIFIED) && !(status & STATUS_WRONG);
}

const struct driver_ops registers_driver = {
	.name = "registers",
	.probe = probe,
	.mark = mark,
	.digest = digest,
	.write_page = write_page,
	.interrupt = interrupt,
	.acknowledge = acknowledge,
	.refuses_malformed = true,
	.state_is_right = state_is_right,
};
