/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the migration stream. */
#ifndef EMU_LOAD_H
#define EMU_LOAD_H

#include "platform.h"

struct emu_device;

void emu_load_begin(struct emu_device *device);
int emu_load_end(struct emu_device *device);	/* leaving RESUMING: 0 or -EINVAL */
s64 emu_load_write(struct emu_device *device, const u8 *buffer, u64 bytes);

#endif
