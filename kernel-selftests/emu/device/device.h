/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An emulated PCI device that can be migrated: its whole behaviour as seen
 * through VFIO, without any means of its own.  What it needs of its
 * surroundings (events, guest memory, a log, a pause) it asks of struct
 * emu_host, so that a library in user space and a kernel module can share it.
 * The caller serialises all calls for one device, and calls return negative
 * errno values as the kernel does.
 *
 * This is all that a user of the model includes: what it declares itself, and
 * the headers of the parts that serve VFIO's ioctls.
 */
#ifndef EMU_DEVICE_H
#define EMU_DEVICE_H

#include "geometry.h"
#include "host.h"
#include "interrupts.h"
#include "irq-names.h"
#include "migration-data.h"
#include "migration-v2.h"
#include "platform.h"
#include "profile.h"
#include "regions.h"
#include "ring.h"
#include "states.h"

struct emu_device;	/* whole in model.h; the caller gives the memory */

u32 emu_device_size(void);	/* bytes the caller allocates, zeroed, for a struct emu_device */

/*
 * `memory` is EMU_MEMORY_SIZE bytes behind BAR 2; `migration_data` and its size
 * the data area of v1's migration region (NULL for v2).  Both may be mapped by
 * the user of the device at any time.
 */
int emu_device_init(struct emu_device *device, const struct emu_profile *profile,
		    const struct emu_host *host, void *context, void *memory,
		    void *migration_data, u32 migration_data_size);
/*
 * The last user closed it: triggers are put, state is as new.  Returns the state
 * that the next user finds: RUNNING, if no fault has it otherwise.
 */
int emu_device_close(struct emu_device *device);
/* A new device, which somebody has left in `state`. */
void emu_device_find(struct emu_device *device, int state);

int emu_get_info(struct emu_device *device, struct vfio_device_info *info);
int emu_reset(struct emu_device *device);

/*
 * pread and pwrite of the device's file; `offset` holds the region in its upper
 * bits.  Bytes or -errno.
 */
s64 emu_read(struct emu_device *device, u64 offset, void *buffer, u64 bytes);
s64 emu_write(struct emu_device *device, u64 offset, const void *buffer, u64 bytes);

#endif
