/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of a migration, and the ways between them. */
#ifndef EMU_STATES_H
#define EMU_STATES_H

#include "platform.h"

/* The values are uAPI; platform.h has no count of them for old headers. */
#define EMU_NUM_STATES		8

#define EMU_STATE_ERROR		((int)VFIO_DEVICE_STATE_ERROR)
#define EMU_STATE_STOP		((int)VFIO_DEVICE_STATE_STOP)
#define EMU_STATE_RUNNING	((int)VFIO_DEVICE_STATE_RUNNING)
#define EMU_STATE_STOP_COPY	((int)VFIO_DEVICE_STATE_STOP_COPY)
#define EMU_STATE_RESUMING	((int)VFIO_DEVICE_STATE_RESUMING)
#define EMU_STATE_RUNNING_P2P	((int)VFIO_DEVICE_STATE_RUNNING_P2P)
#define EMU_STATE_PRE_COPY	((int)VFIO_DEVICE_STATE_PRE_COPY)
#define EMU_STATE_PRE_COPY_P2P	((int)VFIO_DEVICE_STATE_PRE_COPY_P2P)

struct emu_device;

const char *emu_state_name(enum vfio_device_mig_state state);
enum vfio_device_mig_state emu_state(const struct emu_device *device);
bool emu_starts_transfers(int state);
bool emu_is_running_state(int state);
bool emu_is_running(const struct emu_device *device);
/* One of those in which the state is read out. */
bool emu_is_saving_state(int state);
u32 emu_phase(const struct emu_device *device);	/* EMU_PHASE_... of a saving device */
/* The first step of the shortest path, or -EINVAL. */
int emu_next_state(const struct emu_device *device, int from, int to);

#endif
