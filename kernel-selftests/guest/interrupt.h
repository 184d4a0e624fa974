/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interrupt number of the machine belongs to which vectors. */
#ifndef GUEST_INTERRUPT_H
#define GUEST_INTERRUPT_H

#include "device.h"
#include "types.h"

#define NO_SLOT 0xffff
extern u32 unexpected_interrupts;
/* The first of `count` neighbours, which may have users if none are free. */
u16 slot_take(unsigned int count, u16 avoid);
/* For `cpu`, or where a shared one's interrupts go already; returns which. */
unsigned int slot_bind(u16 slot, struct device *device, u32 vector, unsigned int cpu);
bool slot_is_shared(u16 slot);
void slot_reroute(u16 slot, unsigned int cpu);
void line_route(unsigned int line, unsigned int cpu);
void slot_release(u16 slot, struct device *device, u32 vector);
/*
 * How many vectors, or lines, have an interrupt that was not handled; those
 * under a mask may wait.
 */
u32 interrupts_waiting(const struct device *device);
bool interrupt_waits(const struct device *device, u32 vector);	/* of that vector, or of the line */
/*
 * Waits till none of so many devices has any, at most so long; returns how many
 * still wait.
 */
u32 interrupts_settle(const struct device *first, unsigned int count, u32 milliseconds);
/*
 * Raises every vector and waits for each to be handled before the next is raised
 * (of many vectors, for every sixteenth): so one that comes as another shows.
 * One that does not come in time is the last: more would hide what it came as.
 */
void interrupts_raise_each(const struct device *device);
void interrupt_message(unsigned int slot);
void interrupt_line(unsigned int line);
void interrupt_unexpected(void);	/* one that nobody asked for */

#endif
