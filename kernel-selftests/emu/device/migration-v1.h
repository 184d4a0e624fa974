/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pread and pwrite of protocol v1's migration region. */
#ifndef EMU_MIGRATION_V1_H
#define EMU_MIGRATION_V1_H

#include "platform.h"

struct emu_device;

s64 emu_v1_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
s64 emu_v1_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);

#endif
