/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which regions there are. */
#ifndef EMU_REGIONS_H
#define EMU_REGIONS_H

#include "platform.h"

struct emu_device;

/* 0 if the device has no such region (or an empty one) */
u64 emu_region_size(const struct emu_device *device, u32 region);
/* `info` is followed by `argsz` - sizeof(*info) bytes for capabilities, as in the ioctl. */
int emu_get_region_info(struct emu_device *device, struct vfio_region_info *info);

#endif
