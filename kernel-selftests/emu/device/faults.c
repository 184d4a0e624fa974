// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the operations that faults can hit.
 */
#include "faults.h"

#include "log.h"
#include "model.h"
#include "states.h"

static void log_fault(struct emu_device *device, const struct emu_fault *fault)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "operation", emu_operation_name(fault->operation));
	if (fault->operation == EMU_OPERATION_STATE && fault->detail >= 0)
		emu_text_string(&text, "to", emu_state_name(fault->detail));
	emu_text_number(&text, "nth", fault->nth);
	emu_text_string(&text, "result", emu_result_name(fault->result));
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
