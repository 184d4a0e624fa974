// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The migration states of <linux/vfio.h>: arcs between states, and combinations
 * of arcs for all other transitions.  Protocol v1 runs on the same machine,
 * without the peer-to-peer states.
 */
#include "states.h"

#include "model.h"

/* On what an arc depends. */
#define WITH_P2P	(1 << 0)
#define WITHOUT_P2P	(1 << 1)
#define WITH_PRE_COPY	(1 << 2)

struct arc {
	u8 from, to, needs;
};

static const struct arc arcs[] = {
	{ EMU_STATE_RESUMING, EMU_STATE_STOP, 0 },
	{ EMU_STATE_STOP, EMU_STATE_RESUMING, 0 },
	{ EMU_STATE_STOP, EMU_STATE_STOP_COPY, 0 },
	{ EMU_STATE_STOP_COPY, EMU_STATE_STOP, 0 },
	{ EMU_STATE_RUNNING, EMU_STATE_STOP, WITHOUT_P2P },
	{ EMU_STATE_STOP, EMU_STATE_RUNNING, WITHOUT_P2P },
	{ EMU_STATE_RUNNING, EMU_STATE_RUNNING_P2P, WITH_P2P },
	{ EMU_STATE_RUNNING_P2P, EMU_STATE_RUNNING, WITH_P2P },
	{ EMU_STATE_RUNNING_P2P, EMU_STATE_STOP, WITH_P2P },
	{ EMU_STATE_STOP, EMU_STATE_RUNNING_P2P, WITH_P2P },
	{ EMU_STATE_RUNNING, EMU_STATE_PRE_COPY, WITH_PRE_COPY },
	{ EMU_STATE_PRE_COPY, EMU_STATE_RUNNING, WITH_PRE_COPY },
	{ EMU_STATE_PRE_COPY, EMU_STATE_STOP_COPY, WITH_PRE_COPY | WITHOUT_P2P },
	{ EMU_STATE_PRE_COPY, EMU_STATE_PRE_COPY_P2P, WITH_PRE_COPY | WITH_P2P },
	{ EMU_STATE_PRE_COPY_P2P, EMU_STATE_PRE_COPY, WITH_PRE_COPY | WITH_P2P },
	{ EMU_STATE_PRE_COPY_P2P, EMU_STATE_RUNNING_P2P, WITH_PRE_COPY | WITH_P2P },
	{ EMU_STATE_RUNNING_P2P, EMU_STATE_PRE_COPY_P2P, WITH_PRE_COPY | WITH_P2P },
	{ EMU_STATE_PRE_COPY_P2P, EMU_STATE_STOP_COPY, WITH_PRE_COPY | WITH_P2P },
};

const char *emu_state_name(enum vfio_device_mig_state state)
{
	static const char * const names[EMU_NUM_STATES] = {
		[EMU_STATE_ERROR] = "error",
		[EMU_STATE_STOP] = "stop",
		[EMU_STATE_RUNNING] = "running",
		[EMU_STATE_STOP_COPY] = "stop-copy",
		[EMU_STATE_RESUMING] = "resuming",
		[EMU_STATE_RUNNING_P2P] = "running-p2p",
		[EMU_STATE_PRE_COPY] = "pre-copy",
		[EMU_STATE_PRE_COPY_P2P] = "pre-copy-p2p",
	};

	return (u32)state < EMU_NUM_STATES ? names[state] : "invalid";
}

enum vfio_device_mig_state emu_state(const struct emu_device *device)
{
	return (enum vfio_device_mig_state)device->state;
}

bool emu_is_saving_state(int state)
{
	return state == EMU_STATE_STOP_COPY || state == EMU_STATE_PRE_COPY || state == EMU_STATE_PRE_COPY_P2P;
}

u32 emu_phase(const struct emu_device *device)
{
	return device->state == EMU_STATE_STOP_COPY ? EMU_PHASE_STOP_COPY : EMU_PHASE_PRE_COPY;
}

bool emu_is_running_state(int state)
{
	switch (state) {
	case EMU_STATE_RUNNING:
	case EMU_STATE_RUNNING_P2P:
	case EMU_STATE_PRE_COPY:
	case EMU_STATE_PRE_COPY_P2P:
		return true;
	default:
		return false;
	}
}

bool emu_is_running(const struct emu_device *device)
{
	return emu_is_running_state(device->state);
}

/* In the P2P states it still runs, but starts nothing of its own. */
bool emu_starts_transfers(int state)
{
	return state == EMU_STATE_RUNNING || state == EMU_STATE_PRE_COPY;
}

/* In v1 the pre-copy state is there whatever the device does in it, and nothing is known of P2P. */
static bool has_arc(const struct emu_device *device, const struct arc *arc)
{
	bool p2p = !device->by_v1 && device->profile.p2p;

	if ((arc->needs & WITH_P2P) && !p2p)
		return false;
	if ((arc->needs & WITHOUT_P2P) && p2p)
		return false;
	return !(arc->needs & WITH_PRE_COPY) || device->by_v1 || device->profile.pre_copy;
}

/* A path enters a saving state only if it begins and ends in one. */
static bool may_pass(int state, int from, int to)
{
	if (!emu_is_saving_state(state))
		return true;
	return emu_is_saving_state(from) && emu_is_saving_state(to);
}

/*
 * The first step of the shortest path, or -EINVAL.  Distances are counted
 * backwards from the goal, arc by arc.
 */
int emu_next_state(const struct emu_device *device, int from, int to)
{
	u8 distance[EMU_NUM_STATES] = { 0 };
	u32 i, round;

	if (device->host->next_state && !device->by_v1)
		return device->host->next_state(device->context, from, to);
	if (from == EMU_STATE_STOP_COPY && (to == EMU_STATE_PRE_COPY || to == EMU_STATE_PRE_COPY_P2P))
		return -EINVAL;
	distance[to] = 1;
	for (round = 1; round < EMU_NUM_STATES; round++) {
		for (i = 0; i < ARRAY_SIZE(arcs); i++) {
			const struct arc *arc = &arcs[i];

			if (distance[arc->to] != round || !has_arc(device, arc))
				continue;
			if (arc->from == from)
				return arc->to;
			if (!distance[arc->from] && may_pass(arc->from, from, to))
				distance[arc->from] = (u8)(round + 1);
		}
	}
	return -EINVAL;
}
