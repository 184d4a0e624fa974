// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reset of a device with all that its driver has to do around it.
 */
#include "reset.h"

#include "config.h"
#include "message.h"
#include "ring.h"

/*
 * As a driver does: interrupts off, reset, configuration and ring again,
 * interrupts again.  Counts start anew on both sides.
 */
const char *device_reset(struct device *device)
{
	enum kind kind = device->kind;
	u32 vectors = device->vectors, vector, pages = device->ring_pages;
	const char *error = irq_setup(device, KIND_NONE, 0);

	if (error)
		return error;
	device_write(device, REGISTER_RESET, 1);
	pci_write_bars(device->address, &device->bars);
	pci_command(device->address, 0,
		    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
	config_set_controls(device);
	for (vector = 0; vector < MAX_VECTORS; vector++)
		device->count[vector] = 0;
	device->handled = 0;
	device->filled = false;
	device->has_left = false;
	if (pages)
		error = ring_set_up(device, pages);
	return error ? error : irq_setup(device, kind, vectors);
}
