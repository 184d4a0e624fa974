/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The migration data as its user moves it. */
#ifndef EMU_MIGRATION_DATA_H
#define EMU_MIGRATION_DATA_H

#include "platform.h"

struct emu_device;

/* For both protocols; the device is saving, or loading. */
s64 emu_data_read(struct emu_device *device, u8 *buffer, u64 bytes);
s64 emu_data_write(struct emu_device *device, const u8 *buffer, u64 bytes);

/* v2: the data stream. 0 is the end of the stream; -ENOMSG: nothing more in pre-copy now. */
s64 emu_migration_read(struct emu_device *device, void *buffer, u64 bytes);
s64 emu_migration_write(struct emu_device *device, const void *buffer, u64 bytes);
int emu_get_precopy_info(struct emu_device *device, struct vfio_precopy_info *info);

#endif
