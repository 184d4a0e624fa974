/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol v2's VFIO_DEVICE_FEATURE. */
#ifndef EMU_MIGRATION_V2_H
#define EMU_MIGRATION_V2_H

#include "platform.h"

struct emu_device;

/*
 * VFIO_DEVICE_FEATURE but for the DMA_LOGGING features, which are the host's.
 * *wanted is the data stream that the new state begins: the host puts a
 * descriptor of it into the structure, where -1 is until then.  `bytes` is what
 * `feature` holds in all.
 */
enum emu_stream { EMU_STREAM_NONE, EMU_STREAM_READ, EMU_STREAM_WRITE };
int emu_feature(struct emu_device *device, struct vfio_device_feature *feature, u32 bytes,
		enum emu_stream *wanted);
/* The user has set MIG_PRECOPY_INFOv2, and something else has served that. */
void emu_know_precopy_info_v2(struct emu_device *device);

#endif
