// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's sample mdev mtty, a PCI card with serial ports: its state can be
 * told by the scratch register of the first port.
 */
#include "../driver.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#define VENDOR		0x4348
#define DEVICE		0x3253
#define UART_SCRATCH	7

static bool probe(const struct device *device)
{
	u16 vendor = 0, number = 0;

	return !config_read(device, PCI_VENDOR_ID, &vendor, sizeof(vendor)) && vendor == VENDOR &&
	       !config_read(device, PCI_DEVICE_ID, &number, sizeof(number)) && number == DEVICE;
}

static int scratch_offset(const struct device *device, u64 *offset)
{
	u64 size;
	int error = device_region(device, VFIO_PCI_BAR0_REGION_INDEX, offset, &size);

	*offset += UART_SCRATCH;
	return error ?: size > UART_SCRATCH ? 0 : -EINVAL;
}

static int mark(const struct device *device, u32 seed)
{
	u8 value = (u8)(seed ^ seed >> 8 ^ seed >> 16 ^ seed >> 24);
	u64 offset;
	int error = scratch_offset(device, &offset);

	if (!error && pwrite(device->fd, &value, 1, offset) != 1)
		error = -EIO;
	return error;
}

static int digest(const struct device *device, u32 *digest)
{
	u8 value = 0;
	u64 offset;
	int error = scratch_offset(device, &offset);

	if (!error && pread(device->fd, &value, 1, offset) != 1)
		error = -EIO;
	*digest = value;
	return error;
}

const struct driver_ops mtty_driver = {
	.name = "mtty",
	.probe = probe,
	.mark = mark,
	.digest = digest,
};
