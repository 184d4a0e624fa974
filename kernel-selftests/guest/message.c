// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts of a device, programmed in the order in which Linux does it: MSI-X
 * is enabled with all vectors masked, then each vector is written and unmasked.
 */
#include "message.h"

#include "config.h"
#include "cpu.h"
#include "interrupt.h"
#include "machine.h"

#define MSI_CONTROL		0x02
#define MSI_ENABLE		0x0001
#define MSI_COUNT_SHIFT		4
#define MSI_WIDE		0x0080
#define MSI_MASKABLE		0x0100
#define MSI_ADDRESS		0x04
#define MSIX_CONTROL		0x02
#define MSIX_ENABLE		0x8000
#define MSIX_MASK_ALL		0x4000
#define MSIX_ENTRY_BYTES	16
#define MSIX_ENTRY_MASKED	1

/* A vector has two events, so that it can move from one to the other. */
static u32 event_of(u32 vector, bool moved)
{
	return vector + (moved ? MAX_VECTORS : 0);
}

/* One after the other, and not from the first one on: that is where a lost route ends. */
static unsigned int cpu_for(const struct device *device, u32 vector)
{
	return (device - devices + vector + 1) % machine_cpus();
}

static void msix_control(const struct device *device, u16 value)
{
	machine_config_write(device->address, device->msix + MSIX_CONTROL, 2, value);
}

static uintptr_t entry_of(const struct device *device, u32 vector)
{
	return device->table + vector * MSIX_ENTRY_BYTES;
}

/* The read makes sure that the write has arrived. */
static void msix_mask(const struct device *device, u32 vector, bool masked)
{
	mmio_write32(entry_of(device, vector) + 12, masked ? MSIX_ENTRY_MASKED : 0);
	mmio_read32(entry_of(device, vector) + 12);
}

static void msix_write(const struct device *device, u32 vector, const struct message *message)
{
	mmio_write32(entry_of(device, vector), (u32)message->address);
	mmio_write32(entry_of(device, vector) + 4, (u32)(message->address >> 32));
	mmio_write32(entry_of(device, vector) + 8, message->data);
}

static u16 msi_data_offset(const struct device *device, u16 control)
{
	return device->msi + (control & MSI_WIDE ? 0x0c : 0x08);
}

static u16 msi_control(const struct device *device)
{
	return machine_config_read(device->address, device->msi + MSI_CONTROL, 2);
}

/* The mask bits follow the data; false: the device has none. */
static bool msi_write_masks(const struct device *device, u32 masks)
{
	u16 control = msi_control(device);

	if (!(control & MSI_MASKABLE))
		return false;
	machine_config_write(device->address, msi_data_offset(device, control) + 4, 4, masks);
	return true;
}

static u32 msi_masks(const struct device *device)
{
	u32 vector, masks = 0;

	for (vector = 0; vector < device->vectors; vector++)
		if (device->masked[vector])
			masks |= 1u << vector;
	return masks;
}

static void msi_write(const struct device *device, const struct message *message)
{
	u16 control = msi_control(device);

	machine_config_write(device->address, device->msi + MSI_ADDRESS, 4, (u32)message->address);
	if (control & MSI_WIDE)
		machine_config_write(device->address, device->msi + MSI_ADDRESS + 4, 4,
				     (u32)(message->address >> 32));
	machine_config_write(device->address, msi_data_offset(device, control), 2, message->data);
}

static unsigned int msi_cpu(const struct device *device, u32 vector)
{
	return cpu_for(device, machine_message_has_cpu() ? 0 : vector);
}

/* Binds MSI's vectors to neighbouring slots from `first` on; `base` is the message of vector 0. */
static void msi_route(struct device *device, u16 first, bool moved, struct message *base)
{
	struct message message;
	unsigned int cpu;
	u32 vector;

	for (vector = 0; vector < device->vectors; vector++) {
		device->moved[vector] = moved;
		cpu = slot_bind(first + vector, device, vector, msi_cpu(device, vector));
		machine_route(device->address, event_of(vector, moved), first + vector, cpu, &message);
		if (!vector)
			*base = message;
	}
}

static void release(struct device *device)
{
	u32 vector;

	for (vector = 0; vector < device->vectors; vector++) {
		u16 slot = device->slot[vector];

		machine_unroute(device->address, event_of(vector, device->moved[vector]), slot);
		slot_release(slot, device, vector);
	}
}

static void disable(struct device *device)
{
	u32 vector;

	switch (device->kind) {
	case KIND_MSIX:
		msix_control(device, MSIX_ENABLE | MSIX_MASK_ALL);
		for (vector = 0; vector < device->vectors; vector++)
			msix_mask(device, vector, true);
		msix_control(device, 0);
		break;
	case KIND_MSI:
		machine_config_write(device->address, device->msi + MSI_CONTROL, 2,
				     msi_control(device) & ~MSI_ENABLE);
		break;
	case KIND_INTX:
		pci_command(device->address, 0, PCI_COMMAND_INTX_OFF);
		break;
	case KIND_NONE:
		break;
	}
	cpus_sync();
	if (device->kind >= KIND_MSI)
		release(device);
	device->kind = KIND_NONE;
	device->vectors = 0;
}

static const char *enable_msix(struct device *device, u32 vectors)
{
	struct message message;
	u32 vector;

	device->kind = KIND_MSIX;
	device->vectors = vectors;
	msix_control(device, MSIX_ENABLE | MSIX_MASK_ALL);
	for (vector = 0; vector < vectors; vector++) {
		u16 slot = slot_take(1, NO_SLOT);
		unsigned int cpu;

		msix_mask(device, vector, true);
		cpu = slot_bind(slot, device, vector, cpu_for(device, vector));
		machine_route(device->address, event_of(vector, false), slot, cpu, &message);
		msix_write(device, vector, &message);
	}
	msix_control(device, MSIX_ENABLE);
	for (vector = 0; vector < vectors; vector++)
		msix_mask(device, vector, false);
	return NULL;
}

static const char *enable_msi(struct device *device, u32 vectors)
{
	u16 first = slot_take(vectors, NO_SLOT);
	struct message base;
	u16 control, order = 0;

	if (first == NO_SLOT)
		return "not enough interrupt numbers";
	while (1u << order < vectors)
		order++;
	device->kind = KIND_MSI;
	device->vectors = vectors;
	msi_route(device, first, false, &base);
	msi_write(device, &base);
	msi_write_masks(device, 0);
	control = msi_control(device) & ~(7u << MSI_COUNT_SHIFT);
	machine_config_write(device->address, device->msi + MSI_CONTROL, 2,
			     control | order << MSI_COUNT_SHIFT | MSI_ENABLE);
	return NULL;
}

static const char *unusable(const struct device *device, enum kind kind, u32 vectors)
{
	if (kind == KIND_NONE)
		return NULL;
	if (kind == KIND_INTX && !device->pin)
		return "device has no INTx";
	if (kind != KIND_INTX && !machine_slots())
		return "no MSI controller";
	if (kind == KIND_MSIX && !device->msix)
		return "device has no MSI-X";
	if (kind == KIND_MSI && !device->msi)
		return "device has no MSI";
	if (!vectors || (kind == KIND_INTX && vectors > 1) ||
	    (kind == KIND_MSIX && vectors > device->msix_count) ||
	    (kind == KIND_MSI && (vectors > device->msi_count || vectors & (vectors - 1))))
		return "wrong number of vectors";
	return NULL;
}

const char *irq_setup(struct device *device, enum kind kind, u32 vectors)
{
	const char *error = unusable(device, kind, vectors);
	u32 vector;

	if (error)
		return error;
	disable(device);
	for (vector = 0; vector < MAX_VECTORS; vector++) {
		device->slot[vector] = NO_SLOT;
		device->moved[vector] = false;
		device->masked[vector] = false;
	}
	switch (kind) {
	case KIND_MSIX:
		error = enable_msix(device, vectors);
		break;
	case KIND_MSI:
		error = enable_msi(device, vectors);
		break;
	case KIND_INTX:
		device->vectors = 1;
		device->kind = KIND_INTX;
		line_route(device->line, machine_cpus() - 1);
		pci_command(device->address, PCI_COMMAND_INTX_OFF, 0);
		break;
	case KIND_NONE:
		break;
	}
	config_remember(device);
	return error;
}

static const char *mask_line(struct device *device, bool masked)
{
	pci_command(device->address, masked ? 0 : PCI_COMMAND_INTX_OFF,
		    masked ? PCI_COMMAND_INTX_OFF : 0);
	config_remember(device);
	return NULL;
}

const char *irq_mask(struct device *device, u32 vector, bool masked)
{
	if (device->kind == KIND_INTX && !vector)
		return mask_line(device, masked);
	if (device->kind < KIND_MSI)
		return "neither MSI nor MSI-X is on";
	if (vector >= device->vectors)
		return "no such vector";
	device->masked[vector] = masked;
	if (device->kind == KIND_MSIX)
		msix_mask(device, vector, masked);
	else if (!msi_write_masks(device, msi_masks(device)))
		return "device cannot mask MSI";
	config_remember(device);
	return NULL;
}

const char *irq_mask_function(struct device *device, bool masked)
{
	if (device->kind != KIND_MSIX)
		return "MSI-X is not on";
	msix_control(device, MSIX_ENABLE | (masked ? MSIX_MASK_ALL : 0));
	config_remember(device);
	return NULL;
}

static const char *move_msix(struct device *device, u32 vector)
{
	u16 old = device->slot[vector], slot = slot_take(1, old);
	bool moved = device->moved[vector];
	struct message message;
	unsigned int cpu;

	if (slot == NO_SLOT)
		return "no other interrupt number";
	msix_mask(device, vector, true);
	cpu = slot_bind(slot, device, vector, cpu_for(device, vector));
	machine_route(device->address, event_of(vector, !moved), slot, cpu, &message);
	device->moved[vector] = !moved;
	msix_write(device, vector, &message);
	cpus_sync();
	machine_unroute(device->address, event_of(vector, moved), old);
	slot_release(old, device, vector);
	if (!device->masked[vector])
		msix_mask(device, vector, false);
	return NULL;
}

/* All vectors of MSI move, since one message tells where they are. */
static const char *move_msi(struct device *device)
{
	u16 old = device->slot[0], first = slot_take(device->vectors, old);
	bool moved = device->moved[0];
	struct message base;
	u32 vector;

	if (first == NO_SLOT)
		return "no other interrupt numbers";
	msi_write_masks(device, 0xffffffff);
	msi_route(device, first, !moved, &base);
	msi_write(device, &base);
	cpus_sync();
	for (vector = 0; vector < device->vectors; vector++) {
		machine_unroute(device->address, event_of(vector, moved), old + vector);
		slot_release(old + vector, device, vector);
	}
	msi_write_masks(device, msi_masks(device));
	return NULL;
}

const char *irq_move(struct device *device, u32 vector)
{
	const char *error;

	if (device->kind < KIND_MSI)
		return "neither MSI nor MSI-X is on";
	if (vector >= device->vectors)
		return "no such vector";
	error = device->kind == KIND_MSIX ? move_msix(device, vector) : move_msi(device);
	config_remember(device);
	return error;
}

static void reroute(struct device *device, u32 vector, unsigned int cpu, struct message *message)
{
	machine_reroute(device->address, event_of(vector, device->moved[vector]), device->slot[vector], cpu,
			message);
	slot_reroute(device->slot[vector], cpu);
}

static void route_msix(struct device *device, u32 vector, unsigned int cpu)
{
	struct message message;

	msix_mask(device, vector, true);
	cpus_sync();
	reroute(device, vector, cpu, &message);
	msix_write(device, vector, &message);
	if (!device->masked[vector])
		msix_mask(device, vector, false);
}

/* Where the message names the processor, all vectors go with it. */
static void route_msi(struct device *device, u32 vector, unsigned int cpu)
{
	bool all = machine_message_has_cpu();
	struct message message;
	u32 i;

	msi_write_masks(device, 0xffffffff);
	cpus_sync();
	for (i = device->vectors; i--;)	/* the message of the first one is left */
		if (all || i == vector)
			reroute(device, i, cpu, &message);
	if (all)
		msi_write(device, &message);
	msi_write_masks(device, msi_masks(device));
}

const char *irq_route(struct device *device, u32 vector, u32 cpu)
{
	if (cpu >= machine_cpus())
		return "no such processor";
	if (vector >= device->vectors)
		return "no such vector";
	if (device->kind >= KIND_MSI && slot_is_shared(device->slot[vector]))
		return "shares its interrupt number";
	if (device->kind == KIND_MSIX)
		route_msix(device, vector, cpu);
	else if (device->kind == KIND_MSI)
		route_msi(device, vector, cpu);
	else
		line_route(device->line, cpu);
	config_remember(device);
	return NULL;
}
