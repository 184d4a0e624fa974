/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the migration state, for both protocols. */
#ifndef EMU_MIGRATION_H
#define EMU_MIGRATION_H

#include "platform.h"

struct emu_device;

int emu_set_state(struct emu_device *device, u32 state);	/* enum vfio_device_mig_state */
/* A state that cannot follow (of no known number, even): -EINVAL, if no fault has it otherwise. */
int emu_refuse_state(struct emu_device *device, u32 state);

#endif
