/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt ioctls; negative errno. */
#ifndef EMU_INTERRUPTS_H
#define EMU_INTERRUPTS_H

#include "platform.h"

struct emu_device;

int emu_get_irq_info(struct emu_device *device, struct vfio_irq_info *info);
int emu_set_irqs(struct emu_device *device, const struct vfio_irq_set *set, u32 bytes);
/* Puts all triggers. */
void emu_drop_triggers(struct emu_device *device);

#endif
