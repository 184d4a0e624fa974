/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the migration stream. */
#ifndef EMU_SAVE_H
#define EMU_SAVE_H

#include "platform.h"

struct emu_device;

void emu_save_begin(struct emu_device *device);
void emu_save_end(struct emu_device *device);
/* Up to `bytes` of the stream, which has no more than emu_save_remaining() in this phase. */
u64 emu_save_read(struct emu_device *device, u8 *buffer, u64 bytes, u32 phase);
u64 emu_save_remaining(const struct emu_device *device, u32 phase);
/*
 * New initial data, as after a device was configured anew: what the profile
 * holds back until the rest of pre-copy was read, from a user who can be told.
 * How much is there now, if it was not before; 0: nothing is new.
 */
u64 emu_save_reinit(struct emu_device *device);
u64 emu_stop_copy_size(const struct emu_device *device);
/*
 * v1: the data area's content counts as taken when the user asks for what is
 * pending, or goes to another state.
 */
void emu_save_take_prepared(struct emu_device *device);

#endif
