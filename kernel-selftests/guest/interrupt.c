// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupt numbers of the machine ("slots") and the vectors of devices that
 * use them.  A vector has a slot of its own as long as there are any; those
 * that share one are told apart by the device's register of pending vectors.
 * An interrupt on a slot without users counts as unexpected.
 */
#include "interrupt.h"

#include "cpu.h"
#include "machine.h"

/* Handlers of all processors and the driver share what follows, and the devices' counts. */
static struct lock lock;

static struct {
	u16 users;
	u8 cpu;			/* that it is for */
	u16 vector;		/* of the only user */
	struct device *device;
} slots[MAX_SLOTS];

/* Where the next search starts, so that numbers are not used again at once. */
static u16 next_slot;

static u8 line_cpu[MAX_LINES];

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

unsigned int slot_bind(u16 slot, struct device *device, u32 vector, unsigned int cpu)
{
	bool on = lock_take(&lock);

	if (!slots[slot].users++)
		slots[slot].cpu = cpu;
	cpu = slots[slot].cpu;
	slots[slot].device = device;
	slots[slot].vector = vector;
	device->slot[vector] = slot;
	lock_release(&lock, on);
	return cpu;
}

bool slot_is_shared(u16 slot)
{
	return slots[slot].users > 1;
}

void slot_reroute(u16 slot, unsigned int cpu)
{
	bool on = lock_take(&lock);

	slots[slot].cpu = cpu;
	lock_release(&lock, on);
}

void line_route(unsigned int line, unsigned int cpu)
{
	bool on = lock_take(&lock);

	machine_route_line(line, cpu);
	line_cpu[line] = cpu;
	lock_release(&lock, on);
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
	bool on = lock_take(&lock);

	if (device->slot[vector] == slot)
		device->slot[vector] = NO_SLOT;
	if (!--slots[slot].users)
		slots[slot].device = NULL;
	else if (slots[slot].users == 1)
		find_user(slot);
	lock_release(&lock, on);
}

/* The first one that strays is remembered, the others are counted. */
static void note_stray(struct device *device, u32 vector, unsigned int cpu)
{
	if (!device->strayed++)
		device->stray = (struct stray){ vector, cpu, machine_cpu() };
}

static void handle(struct device *device, u32 vector, unsigned int cpu)
{
	device->count[vector]++;
	device->handled++;
	if (machine_cpu() != cpu || cpu_takes_none(cpu))
		note_stray(device, vector, cpu);
}

static void acknowledge(struct device *device, u32 vector, u16 slot)
{
	handle(device, vector, slots[slot].cpu);
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
				acknowledge(device, vector, slot);
	}
}

void interrupt_unexpected(void)
{
	bool on = lock_take(&lock);

	unexpected_interrupts++;
	lock_release(&lock, on);
}

void interrupt_message(unsigned int slot)
{
	bool on = lock_take(&lock);

	if (slot >= ARRAY_SIZE(slots) || !slots[slot].users)
		unexpected_interrupts++;
	else if (slots[slot].users == 1)
		acknowledge(slots[slot].device, slots[slot].vector, slot);
	else
		interrupt_shared(slot);
	lock_release(&lock, on);
}

/*
 * A line may be signalled once more after its device deasserted it, since VFIO
 * signals it again when it unmasks it: no device asserts it then.
 */
void interrupt_line(unsigned int line)
{
	bool used = false, on = lock_take(&lock);
	unsigned int i;

	for (i = 0; i < device_count; i++) {
		struct device *device = &devices[i];

		if (device->kind != KIND_INTX || device->line != line)
			continue;
		used = true;
		if (device_read(device, REGISTER_INTX)) {
			handle(device, 0, line_cpu[line]);
			device_write(device, REGISTER_INTX, 1);
		}
	}
	if (!used)
		unexpected_interrupts++;
	lock_release(&lock, on);
}
