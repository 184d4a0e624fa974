// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults on demand: the nth operation of a kind fails as the profile says.
 */
#include "device-internal.h"

static const char *operation_name(enum emu_operation operation)
{
	static const char * const names[] = {
		[EMU_OP_STATE] = "state",
		[EMU_OP_DATA_READ] = "data-read",
		[EMU_OP_DATA_WRITE] = "data-write",
		[EMU_OP_SET_IRQS] = "set-irqs",
		[EMU_OP_CONFIG_READ] = "config-read",
		[EMU_OP_CONFIG_WRITE] = "config-write",
		[EMU_OP_RESET] = "reset",
		[EMU_OP_RAISE] = "raise",
		[EMU_OP_STATE_BYTE] = "state-byte",
	};

	return names[operation];
}

static const char *result_name(int result)
{
	switch (result) {
	case EMU_FAULT_SHORT:
		return "short";
	case EMU_FAULT_SWALLOW:
		return "swallow";
	case EMU_FAULT_FLIP:
		return "flip";
	case -EIO:
		return "EIO";
	case -EINVAL:
		return "EINVAL";
	case -ENOSPC:
		return "ENOSPC";
	case -ENOMEM:
		return "ENOMEM";
	case -EBUSY:
		return "EBUSY";
	default:
		return "error";
	}
}

static void log_fault(struct emu_device *device, const struct emu_fault *fault)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "operation", operation_name(fault->operation));
	if (fault->operation == EMU_OP_STATE && fault->detail >= 0)
		emu_text_string(&text, "to", emu_state_name(fault->detail));
	emu_text_number(&text, "nth", fault->nth);
	emu_text_string(&text, "result", result_name(fault->result));
	emu_log(device, "fault", &text);
}

int emu_fault(struct emu_device *device, enum emu_operation operation, int detail)
{
	int result = 0;
	u32 i;

	for (i = 0; i < device->profile.fault_count; i++) {
		struct emu_fault *fault = &device->profile.faults[i];

		if (fault->operation != operation)
			continue;
		if (fault->detail >= 0 && fault->detail != detail)
			continue;
		fault->seen++;
		if (fault->seen != fault->nth || result)
			continue;
		result = fault->result;
		log_fault(device, fault);
	}
	return result;
}
