// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a reset does to the device itself.
 */
#include "reset.h"

#include "config.h"
#include "log.h"
#include "model.h"
#include "states.h"

void emu_reset_internals(struct emu_device *device)
{
	memset(&device->registers, 0, sizeof(device->registers));
	memset(device->memory, 0, EMU_MEMORY_SIZE);
	device->registers.seed = device->profile.seed;
	device->status &= EMU_STATUS_DESTINATION;
	device->dirty_queries = 0;
	device->quiet = 0;
}

void emu_reset_function(struct emu_device *device)
{
	emu_reset_internals(device);
	emu_config_reset(device);
}

void emu_reset_by_guest(struct emu_device *device)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "state", emu_state_name(emu_state(device)));
	emu_text_string(&text, "cause", "guest");
	emu_log(device, "reset", &text);
	emu_reset_function(device);
}
