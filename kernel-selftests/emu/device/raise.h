/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts that the device raises, and the guest's answers. */
#ifndef EMU_RAISE_H
#define EMU_RAISE_H

#include "platform.h"

struct emu_device;

void emu_raise(struct emu_device *device, u32 vector, const char *cause);
/* A moment (EMU_RAISE_ON_...) came by at which the profile may want an interrupt. */
void emu_raise_at(struct emu_device *device, u32 moment);
void emu_ack(struct emu_device *device, u32 vector);
void emu_intx_ack(struct emu_device *device);
void emu_intx_unmask(struct emu_device *device);
/* What was raised but could not be sent yet, if it can be now. */
void emu_deliver_held(struct emu_device *device);

#endif
