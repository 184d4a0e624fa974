/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets; VFIO's interrupt set-up and the migration state stay. */
#ifndef EMU_RESET_H
#define EMU_RESET_H

#include "platform.h"

struct emu_device;

/* All but configuration space. */
void emu_reset_internals(struct emu_device *device);
void emu_reset_function(struct emu_device *device);
/* As a driver resets a device: VFIO knows nothing of it. */
void emu_reset_by_guest(struct emu_device *device);

#endif
