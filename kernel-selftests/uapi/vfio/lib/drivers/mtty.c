// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's sample mdev mtty, a PCI card with serial ports: its state can be
 * told by the scratch register of the first port, which interrupts, too, when it
 * is told to do so whenever it has nothing to send.
 */
#include "../driver.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#define VENDOR		0x4348
#define DEVICE		0x3253
#define UART_IER	1
#define UART_IER_THRI	2
#define UART_SCRATCH	7

static bool probe(const struct device *device)
{
	u16 vendor = 0, number = 0;

	return !config_read(device, PCI_VENDOR_ID, &vendor, sizeof(vendor)) && vendor == VENDOR &&
	       !config_read(device, PCI_DEVICE_ID, &number, sizeof(number)) && number == DEVICE;
}

static int register_offset(const struct device *device, u64 at, u64 *offset)
{
	u64 size;
	int error = device_region(device, VFIO_PCI_BAR0_REGION_INDEX, offset, &size);

	*offset += at;
	return error ?: size > at ? 0 : -EINVAL;
}

static int write_register(const struct device *device, u64 at, u8 value)
{
	u64 offset;
	int error = register_offset(device, at, &offset);

	if (!error && pwrite(device->fd, &value, 1, offset) != 1)
		error = -EIO;
	return error;
}

static int mark(const struct device *device, u32 seed)
{
	return write_register(device, UART_SCRATCH,
			      (u8)(seed ^ seed >> 8 ^ seed >> 16 ^ seed >> 24));
}

static int digest(const struct device *device, u32 *digest)
{
	u8 value = 0;
	u64 offset;
	int error = register_offset(device, UART_SCRATCH, &offset);

	if (!error && pread(device->fd, &value, 1, offset) != 1)
		error = -EIO;
	*digest = value;
	return error;
}

static int interrupt(const struct device *device, u32 vector)
{
	return vector ? -EINVAL : write_register(device, UART_IER, UART_IER_THRI);
}

static int acknowledge(const struct device *device, u32 vector, bool is_intx)
{
	(void)is_intx;
	return vector ? -EINVAL : write_register(device, UART_IER, 0);
}

const struct driver_ops mtty_driver = {
	.name = "mtty",
	.probe = probe,
	.mark = mark,
	.digest = digest,
	.interrupt = interrupt,
	.acknowledge = acknowledge,
};
