// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts of a device, by way of the module: the kernel programs and handles them. */
#include "../message.h"

#include "../config.h"
#include "../interrupt.h"
#include "../machine.h"
#include "collect.h"
#include "files.h"
#include "module/request.h"
#include "system.h"

#define MSIX_CONTROL		0x02
#define MSIX_ENABLE		0x8000
#define MSIX_MASK_ALL		0x4000

u32 unexpected_interrupts;	/* the kernel's business */

static int drivers[MAX_DEVICES];	/* descriptors; 0: not open */

static int driver_of(const struct device *device)
{
	int *driver = &drivers[device - devices];

	if (!*driver)
		*driver = files_open_driver(device->address);
	return *driver;
}

static bool ask(const struct device *device, u32 what, u32 first, u32 second)
{
	struct request request = { what, first, second };

	return system_write(driver_of(device), &request, sizeof(request)) == sizeof(request);
}

void collect_interrupts(void)
{
	unsigned int i;
	u32 vector;

	for (i = 0; i < device_count; i++) {
		struct device *device = &devices[i];

		if (!device->vectors)
			continue;
		system_read(driver_of(device), device->count, device->vectors * sizeof(u32));
		device->handled = 0;
		for (vector = 0; vector < device->vectors; vector++)
			device->handled += device->count[vector];
	}
}

static const char *unusable(const struct device *device, enum kind kind, u32 vectors)
{
	if (kind == KIND_INTX && !device->pin)
		return "device has no INTx";
	if (kind == KIND_MSIX && !device->msix)
		return "device has no MSI-X";
	if (kind == KIND_MSI && !device->msi)
		return "device has no MSI";
	if (kind != KIND_NONE && (!vectors || vectors > MAX_VECTORS))
		return "wrong number of vectors";
	return NULL;
}

const char *irq_setup(struct device *device, enum kind kind, u32 vectors)
{
	static const u32 kinds[] = {
		[KIND_NONE] = REQUEST_NONE,
		[KIND_INTX] = REQUEST_INTX,
		[KIND_MSI] = REQUEST_MSI,
		[KIND_MSIX] = REQUEST_MSIX,
	};
	const char *error = unusable(device, kind, vectors);
	u32 vector;

	if (error)
		return error;
	if (kind == KIND_NONE)
		vectors = 0;
	if (!ask(device, REQUEST_SETUP, kinds[kind], vectors))
		return "Linux gives no such vectors";
	device->kind = kind;
	device->vectors = vectors;
	device->handled = 0;
	for (vector = 0; vector < MAX_VECTORS; vector++) {
		device->count[vector] = 0;
		device->masked[vector] = false;
	}
	config_remember(device);
	return NULL;
}

static const char *wrong(const struct device *device, u32 vector)
{
	if (device->kind < KIND_MSI)
		return "neither MSI nor MSI-X is on";
	return vector < device->vectors ? NULL : "no such vector";
}

/* The line of INTx as well, though at the interrupt controller. */
const char *irq_mask(struct device *device, u32 vector, bool masked)
{
	const char *error = device->kind == KIND_INTX && !vector ? NULL : wrong(device, vector);

	if (error)
		return error;
	if (!ask(device, masked ? REQUEST_MASK : REQUEST_UNMASK, vector, 0))
		return "Linux does not mask it";
	device->masked[vector] = masked;
	config_remember(device);
	return NULL;
}

/* Linux does not use it, nor minds. */
const char *irq_mask_function(struct device *device, bool masked)
{
	if (device->kind != KIND_MSIX)
		return "MSI-X is not on";
	machine_config_write(device->address, device->msix + MSIX_CONTROL, 2,
			     MSIX_ENABLE | (masked ? MSIX_MASK_ALL : 0));
	config_remember(device);
	return NULL;
}

/*
 * Linux chooses interrupt numbers: the vector is shut down and started again,
 * which is as much work for QEMU.
 */
const char *irq_move(struct device *device, u32 vector)
{
	const char *error = wrong(device, vector);

	if (error)
		return error;
	if (!ask(device, REQUEST_RENEW, vector, 0))
		return "Linux does not start it again";
	config_remember(device);
	return NULL;
}

const char *irq_route(struct device *device, u32 vector, u32 cpu)
{
	const char *error = wrong(device, vector);

	return error ? error : cpu ? "no such processor" : NULL;
}
