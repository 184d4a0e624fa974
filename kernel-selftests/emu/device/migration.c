// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The migration state machine of <linux/vfio.h>: arcs between states, and
 * combinations of arcs for all other transitions.  Protocol v1 runs on the same
 * machine, without the peer-to-peer states.
 */
#include "device-internal.h"

#define STATE_ERROR		((int)VFIO_DEVICE_STATE_ERROR)
#define STATE_STOP		((int)VFIO_DEVICE_STATE_STOP)
#define STATE_RUNNING		((int)VFIO_DEVICE_STATE_RUNNING)
#define STATE_STOP_COPY		((int)VFIO_DEVICE_STATE_STOP_COPY)
#define STATE_RESUMING		((int)VFIO_DEVICE_STATE_RESUMING)
#define STATE_RUNNING_P2P	((int)VFIO_DEVICE_STATE_RUNNING_P2P)
#define STATE_PRE_COPY		((int)VFIO_DEVICE_STATE_PRE_COPY)
#define STATE_PRE_COPY_P2P	((int)VFIO_DEVICE_STATE_PRE_COPY_P2P)

/* On what an arc depends. */
#define WITH_P2P	(1 << 0)
#define WITHOUT_P2P	(1 << 1)
#define WITH_PRE_COPY	(1 << 2)

struct arc {
	u8 from, to, needs;
};

static const struct arc arcs[] = {
	{ STATE_RESUMING, STATE_STOP, 0 },
	{ STATE_STOP, STATE_RESUMING, 0 },
	{ STATE_STOP, STATE_STOP_COPY, 0 },
	{ STATE_STOP_COPY, STATE_STOP, 0 },
	{ STATE_RUNNING, STATE_STOP, WITHOUT_P2P },
	{ STATE_STOP, STATE_RUNNING, WITHOUT_P2P },
	{ STATE_RUNNING, STATE_RUNNING_P2P, WITH_P2P },
	{ STATE_RUNNING_P2P, STATE_RUNNING, WITH_P2P },
	{ STATE_RUNNING_P2P, STATE_STOP, WITH_P2P },
	{ STATE_STOP, STATE_RUNNING_P2P, WITH_P2P },
	{ STATE_RUNNING, STATE_PRE_COPY, WITH_PRE_COPY },
	{ STATE_PRE_COPY, STATE_RUNNING, WITH_PRE_COPY },
	{ STATE_PRE_COPY, STATE_STOP_COPY, WITH_PRE_COPY | WITHOUT_P2P },
	{ STATE_PRE_COPY, STATE_PRE_COPY_P2P, WITH_PRE_COPY | WITH_P2P },
	{ STATE_PRE_COPY_P2P, STATE_PRE_COPY, WITH_PRE_COPY | WITH_P2P },
	{ STATE_PRE_COPY_P2P, STATE_RUNNING_P2P, WITH_PRE_COPY | WITH_P2P },
	{ STATE_RUNNING_P2P, STATE_PRE_COPY_P2P, WITH_PRE_COPY | WITH_P2P },
	{ STATE_PRE_COPY_P2P, STATE_STOP_COPY, WITH_PRE_COPY | WITH_P2P },
};

const char *emu_state_name(enum vfio_device_mig_state state)
{
	static const char * const names[EMU_NUM_STATES] = {
		[STATE_ERROR] = "error",
		[STATE_STOP] = "stop",
		[STATE_RUNNING] = "running",
		[STATE_STOP_COPY] = "stop-copy",
		[STATE_RESUMING] = "resuming",
		[STATE_RUNNING_P2P] = "running-p2p",
		[STATE_PRE_COPY] = "pre-copy",
		[STATE_PRE_COPY_P2P] = "pre-copy-p2p",
	};

	return (u32)state < EMU_NUM_STATES ? names[state] : "invalid";
}

enum vfio_device_mig_state emu_state(const struct emu_device *device)
{
	return (enum vfio_device_mig_state)device->state;
}

static bool in_saving_group(int state)
{
	return state == STATE_STOP_COPY || state == STATE_PRE_COPY || state == STATE_PRE_COPY_P2P;
}

u32 emu_phase(const struct emu_device *device)
{
	return device->state == STATE_STOP_COPY ? EMU_PHASE_STOP_COPY : EMU_PHASE_PRE_COPY;
}

bool emu_is_running(const struct emu_device *device)
{
	switch (device->state) {
	case STATE_RUNNING:
	case STATE_RUNNING_P2P:
	case STATE_PRE_COPY:
	case STATE_PRE_COPY_P2P:
		return true;
	default:
		return false;
	}
}

/* In v1 the pre-copy state is there whatever the device does in it, and nothing is known of P2P. */
static bool has_arc(const struct emu_device *device, const struct arc *arc)
{
	bool v1 = device->profile.protocol == EMU_PROTOCOL_V1;
	bool p2p = !v1 && device->profile.p2p;

	if ((arc->needs & WITH_P2P) && !p2p)
		return false;
	if ((arc->needs & WITHOUT_P2P) && p2p)
		return false;
	return !(arc->needs & WITH_PRE_COPY) || v1 || device->profile.pre_copy;
}

/* The saving group may be gone through only by who stays in it. */
static bool may_pass(int state, int from, int to)
{
	if (!in_saving_group(state))
		return true;
	return in_saving_group(from) && in_saving_group(to);
}

/*
 * The first step of the shortest path, or -EINVAL.  Distances are counted
 * backwards from the goal, arc by arc.
 */
int emu_next_state(const struct emu_device *device, int from, int to)
{
	u8 distance[EMU_NUM_STATES] = { 0 };
	u32 i, round;

	if (from == STATE_STOP_COPY && (to == STATE_PRE_COPY || to == STATE_PRE_COPY_P2P))
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

static void enter_resuming(struct emu_device *device)
{
	emu_reset_internals(device);
	device->status = EMU_STATUS_DESTINATION;
	device->moments_raised = 0;
	device->config_written = false;
	device->irqs_set = false;
	emu_load_begin(device);
}

/*
 * A state that cannot be loaded: v2 goes to ERROR, which a reset ends; v1's
 * device_state goes on showing the previous state.
 */
static int leave_resuming(struct emu_device *device)
{
	int error = emu_load_end(device);

	if (error && device->profile.protocol == EMU_PROTOCOL_V2) {
		device->load.active = false;
		device->state = STATE_ERROR;
	}
	return error;
}

/* In the P2P states it still runs, but starts nothing of its own. */
static bool writes_memory(int state)
{
	return state == STATE_RUNNING || state == STATE_PRE_COPY;
}

static int take_arc(struct emu_device *device, int next)
{
	int from = device->state;
	int error;

	if (from == STATE_RESUMING) {
		error = leave_resuming(device);
		if (error)
			return error;
	}
	if (next == STATE_RESUMING)
		enter_resuming(device);
	/* It writes to the last moment: that page is for the last dirty report to tell. */
	if (writes_memory(from) && !writes_memory(next))
		emu_before_dirty_report(device);
	if (in_saving_group(from) && !in_saving_group(next))
		emu_save_end(device);
	if (!in_saving_group(from) && in_saving_group(next))
		emu_save_begin(device);
	device->state = next;
	return 0;
}

static void log_state(struct emu_device *device, int from, int to, int error)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "from", emu_state_name(from));
	emu_text_string(&text, "to", emu_state_name(to));
	emu_text_errno(&text, error);
	if (error)
		emu_text_string(&text, "state", emu_state_name(device->state));
	emu_log(device, "state", &text);
}

/* All arcs up to `to`.  *moments: which of the profile's moments to raise an interrupt came by. */
static int go_to(struct emu_device *device, int to, u32 *moments)
{
	while (device->state != to) {
		int next = emu_next_state(device, device->state, to);
		int error = next < 0 ? next : take_arc(device, next);

		if (error)
			return error;
		if (next == STATE_RESUMING)
			*moments = 0;
		if (next == STATE_RUNNING_P2P)
			*moments |= EMU_RAISE_ON_RUNNING_P2P;
		if (next == STATE_RUNNING)
			*moments |= EMU_RAISE_ON_RUNNING;
	}
	return 0;
}

int emu_set_state(struct emu_device *device, u32 state)
{
	int from = device->state;
	u32 moments = 0;
	int error;

	if (state == (u32)from && from != STATE_ERROR)
		return 0;
	if (state == STATE_ERROR || state >= EMU_NUM_STATES || from == STATE_ERROR)
		error = -EINVAL;
	else if (emu_next_state(device, from, (int)state) < 0)
		error = -EINVAL;
	else
		error = emu_fault(device, EMU_OPERATION_STATE, (int)state);
	if (!error) {
		emu_v1_take_prepared(device);
		error = go_to(device, (int)state, &moments);
	}
	log_state(device, from, (int)state, error);
	if (emu_is_running(device))
		emu_deliver_held(device);
	emu_raise_at(device, moments & EMU_RAISE_ON_RUNNING_P2P);
	emu_raise_at(device, moments & EMU_RAISE_ON_RUNNING);
	return error;
}
