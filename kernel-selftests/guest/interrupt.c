// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupt numbers of the machine ("slots") and the vectors of devices that
 * use them.  A vector has a slot of its own as long as there are any; those
 * that share one are told apart by the device's register of pending vectors.
 * An interrupt on a slot without users counts as unexpected.
 */
#include "interrupt.h"

#include "machine.h"

static struct {
	u16 users;
	u16 vector;		/* of the only user */
	struct device *device;
} slots[MAX_SLOTS];

/* Where the next search starts, so that numbers are not used again at once. */
static u16 next_slot;

u32 unexpected_interrupts;

static bool all_free(unsigned int first, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (slots[first + i].users)
			return false;
	return true;
}

u16 slot_take(unsigned int count, u16 avoid)
{
	unsigned int total = machine_slots(), tries;
	u16 shared = NO_SLOT;

	for (tries = 0; tries < total; tries++) {
		unsigned int first = (next_slot + tries) % total;

		if (first + count > total || !machine_slot_aligned(first, count) || first == avoid)
			continue;
		if (all_free(first, count)) {
			next_slot = (first + count) % total;
			return first;
		}
		if (shared == NO_SLOT)
			shared = first;
	}
	if (shared != NO_SLOT)
		next_slot = (shared + count) % total;
	return shared;
}

void slot_bind(u16 slot, struct device *device, u32 vector)
{
	bool on = machine_irq_save();

	slots[slot].users++;
	slots[slot].device = device;
	slots[slot].vector = vector;
	device->slot[vector] = slot;
	machine_irq_restore(on);
}

/* Finds the only user that is left. */
static void find_user(u16 slot)
{
	unsigned int i;
	u32 vector;

	for (i = 0; i < device_count; i++) {
		for (vector = 0; vector < devices[i].vectors; vector++) {
			if (devices[i].slot[vector] == slot) {
				slots[slot].device = &devices[i];
				slots[slot].vector = vector;
			}
		}
	}
}

void slot_release(u16 slot, struct device *device, u32 vector)
{
	bool on = machine_irq_save();

	if (device->slot[vector] == slot)
		device->slot[vector] = NO_SLOT;
	if (!--slots[slot].users)
		slots[slot].device = NULL;
	else if (slots[slot].users == 1)
		find_user(slot);
	machine_irq_restore(on);
}

static void handle(struct device *device, u32 vector)
{
	device->count[vector]++;
	device->handled++;
}

static void acknowledge(struct device *device, u32 vector)
{
	handle(device, vector);
	device_write(device, REGISTER_ACK, vector);
}

static bool is_pending(const struct device *device, u32 vector)
{
	return device_read(device, REGISTER_PENDING + vector / 32 * 4) & 1u << vector % 32;
}

/* Several vectors may be meant by one interrupt; a masked one comes again when it is unmasked. */
static void interrupt_shared(u16 slot)
{
	unsigned int i;
	u32 vector;

	for (i = 0; i < device_count; i++) {
		struct device *device = &devices[i];

		for (vector = 0; vector < device->vectors; vector++)
			if (device->slot[vector] == slot && !device->masked[vector] &&
			    is_pending(device, vector))
				acknowledge(device, vector);
	}
}

void interrupt_message(unsigned int slot)
{
	if (slot >= ARRAY_SIZE(slots) || !slots[slot].users)
		unexpected_interrupts++;
	else if (slots[slot].users == 1)
		acknowledge(slots[slot].device, slots[slot].vector);
	else
		interrupt_shared(slot);
}

/*
 * A line may be signalled once more after its device deasserted it, since VFIO
 * signals it again when it unmasks it: no device asserts it then.
 */
void interrupt_line(unsigned int line)
{
	bool used = false;
	unsigned int i;

	for (i = 0; i < device_count; i++) {
		struct device *device = &devices[i];

		if (device->kind != KIND_INTX || device->line != line)
			continue;
		used = true;
		if (device_read(device, REGISTER_INTX)) {
			handle(device, 0);
			device_write(device, REGISTER_INTX, 1);
		}
	}
	if (!used)
		unexpected_interrupts++;
}
