/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space. */
#ifndef EMU_CONFIG_H
#define EMU_CONFIG_H

#include "platform.h"

#define EMU_CONFIG_CONTROLS	3	/* registers that no user of VFIO restores: they are device state */

struct emu_device;

void emu_config_reset(struct emu_device *device);
/* From a stream: what a driver could have written, no more. */
void emu_config_restore(struct emu_device *device, const u8 *config);
/*
 * Four bytes at `offset`, a multiple of four, as the device holds them.  Behind
 * vfio-pci it is SET_IRQS that enables MSI and MSI-X in it.
 */
u32 emu_config_word(const struct emu_device *device, u32 offset);
/* One of EMU_CONFIG_CONTROLS: power management, Device Control and Device Control 2. */
u16 emu_config_control(const struct emu_device *device, u32 control);
void emu_config_set_control(struct emu_device *device, u32 control, u16 value);
/* Without it a device accesses no memory and sends no message. */
bool emu_is_bus_master(const struct emu_device *device);
/* In D3hot it does nothing by itself.  Its BARs still answer: the user has to keep the guest away from them. */
bool emu_is_asleep(const struct emu_device *device);
bool emu_intx_disabled(const struct emu_device *device);
u32 emu_msi_mask(const struct emu_device *device);

/* pread and pwrite; a write may have unmasked an interrupt, which the caller sees to. */
s64 emu_config_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
s64 emu_config_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);

#endif
