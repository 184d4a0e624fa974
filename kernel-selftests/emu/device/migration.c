// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of the migration state: what happens on each arc.
 */
#include "migration.h"

#include "faults.h"
#include "load.h"
#include "log.h"
#include "model.h"
#include "raise.h"
#include "reset.h"
#include "ring.h"
#include "save.h"
#include "states.h"

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

	if (error && !device->by_v1) {
		device->load.active = false;
		device->state = EMU_STATE_ERROR;
	}
	return error;
}

static int take_arc(struct emu_device *device, int next)
{
	int from = device->state;
	int error;

	if (from == EMU_STATE_RESUMING) {
		error = leave_resuming(device);
		if (error)
			return error;
	}
	if (next == EMU_STATE_RESUMING)
		enter_resuming(device);
	if (emu_starts_transfers(from) && !emu_starts_transfers(next))
		emu_before_stop(device);
	/* The last that a device may do: it has not stopped yet, while the guest has. */
	if (emu_is_running_state(from) && !emu_is_running_state(next))
		emu_raise_at(device, EMU_RAISE_ON_STOPPING);
	if (emu_is_saving_state(from) && !emu_is_saving_state(next))
		emu_save_end(device);
	if (!emu_is_saving_state(from) && emu_is_saving_state(next))
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
		if (next == EMU_STATE_RESUMING)
			*moments = 0;
		if (next == EMU_STATE_RUNNING_P2P)
			*moments |= EMU_RAISE_ON_RUNNING_P2P;
		if (next == EMU_STATE_RUNNING)
			*moments |= EMU_RAISE_ON_RUNNING;
	}
	return 0;
}

int emu_refuse_state(struct emu_device *device, u32 state)
{
	int fault = emu_fault(device, EMU_OPERATION_FORBIDDEN_STATE, -1);

	if (fault == EMU_FAULT_ACCEPT) {
		if (state < EMU_NUM_STATES)
			device->state = (int)state;
		return 0;
	}
	if (fault == EMU_FAULT_MOVE) {
		emu_save_end(device);
		device->load.active = false;
		device->state = device->state == EMU_STATE_STOP ? EMU_STATE_RUNNING : EMU_STATE_STOP;
	}
	return -EINVAL;
}

static bool is_possible(const struct emu_device *device, u32 state)
{
	if (state == EMU_STATE_ERROR || state >= EMU_NUM_STATES || device->state == EMU_STATE_ERROR)
		return false;
	return emu_next_state(device, device->state, (int)state) >= 0;
}

int emu_set_state(struct emu_device *device, u32 state)
{
	int from = device->state;
	u32 moments = 0;
	int error;

	if (state == (u32)from && from != EMU_STATE_ERROR)
		return 0;
	if (!is_possible(device, state)) {
		error = emu_refuse_state(device, state);
		log_state(device, from, (int)state, error);
		return error;
	}
	error = emu_fault(device, EMU_OPERATION_STATE, (int)state);
	if (error == EMU_FAULT_SWALLOW)
		return 0;
	if (!error) {
		emu_save_take_prepared(device);
		error = go_to(device, (int)state, &moments);
	}
	log_state(device, from, (int)state, error);
	if (emu_is_running(device))
		emu_deliver_held(device);
	emu_raise_at(device, moments & EMU_RAISE_ON_RUNNING_P2P);
	emu_raise_at(device, moments & EMU_RAISE_ON_RUNNING);
	return error;
}
