/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pread and pwrite of the BARs: registers, memory, MSI-X. */
#ifndef EMU_REGISTERS_H
#define EMU_REGISTERS_H

#include "platform.h"

struct emu_device;

s64 emu_registers_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
s64 emu_registers_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);
s64 emu_memory_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
s64 emu_memory_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);
s64 emu_msix_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
s64 emu_msix_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);

#endif
