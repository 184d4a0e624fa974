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
void slot_bind(u16 slot, struct device *device, u32 vector);
void slot_release(u16 slot, struct device *device, u32 vector);
void interrupt_message(unsigned int slot);
void interrupt_line(unsigned int line);

#endif
