// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults on demand: the nth operation of a kind fails as the profile says, and
 * how a profile says it.
 */
#include "device-internal.h"

/* What a fault can hit: an operation and, after the slash, which of them. */
static const struct {
	const char *name;
	enum emu_operation operation;
	int detail;
} operations[] = {
	{ "state/stop", EMU_OPERATION_STATE, VFIO_DEVICE_STATE_STOP },
	{ "state/running", EMU_OPERATION_STATE, VFIO_DEVICE_STATE_RUNNING },
	{ "state/stop-copy", EMU_OPERATION_STATE, VFIO_DEVICE_STATE_STOP_COPY },
	{ "state/resuming", EMU_OPERATION_STATE, VFIO_DEVICE_STATE_RESUMING },
	{ "state/running-p2p", EMU_OPERATION_STATE, VFIO_DEVICE_STATE_RUNNING_P2P },
	{ "state/pre-copy", EMU_OPERATION_STATE, VFIO_DEVICE_STATE_PRE_COPY },
	{ "state/pre-copy-p2p", EMU_OPERATION_STATE, VFIO_DEVICE_STATE_PRE_COPY_P2P },
	{ "state", EMU_OPERATION_STATE, -1 },
	{ "data-read/pre-copy", EMU_OPERATION_DATA_READ, EMU_PHASE_PRE_COPY },
	{ "data-read/stop-copy", EMU_OPERATION_DATA_READ, EMU_PHASE_STOP_COPY },
	{ "data-read", EMU_OPERATION_DATA_READ, -1 },
	{ "data-write", EMU_OPERATION_DATA_WRITE, -1 },
	{ "set-irqs/destination", EMU_OPERATION_SET_IRQS, 1 },
	{ "set-irqs", EMU_OPERATION_SET_IRQS, -1 },
	{ "config-write", EMU_OPERATION_CONFIG_WRITE, -1 },
	{ "config-read", EMU_OPERATION_CONFIG_READ, -1 },
	{ "reset", EMU_OPERATION_RESET, -1 },
	{ "raise", EMU_OPERATION_RAISE, -1 },
	{ "state-byte", EMU_OPERATION_STATE_BYTE, -1 },
};

static const struct {
	const char *name;
	int result;
} results[] = {
	{ "EIO", -EIO },
	{ "EINVAL", -EINVAL },
	{ "ENOSPC", -ENOSPC },
	{ "ENOMEM", -ENOMEM },
	{ "EBUSY", -EBUSY },
	{ "short", EMU_FAULT_SHORT },
	{ "swallow", EMU_FAULT_SWALLOW },
	{ "flip", EMU_FAULT_FLIP },
};

static bool result_fits(enum emu_operation operation, int result)
{
	switch (result) {
	case EMU_FAULT_SHORT:
		return operation == EMU_OPERATION_DATA_READ ||
		       operation == EMU_OPERATION_DATA_WRITE;
	case EMU_FAULT_SWALLOW:
		return operation == EMU_OPERATION_RAISE;
	case EMU_FAULT_FLIP:
		return operation == EMU_OPERATION_STATE_BYTE;
	default:
		return operation != EMU_OPERATION_RAISE && operation != EMU_OPERATION_STATE_BYTE;
	}
}

/* Cuts the text before the next colon (or the end) out into `part`; false: too long. */
static bool cut(const char **text, char *part, u32 size)
{
	u32 length = 0;

	while (**text && **text != ':') {
		if (length + 1 >= size)
			return false;
		part[length++] = *(*text)++;
	}
	part[length] = '\0';
	if (**text == ':')
		(*text)++;
	return true;
}

static bool find_operation(const char *name, struct emu_fault *fault)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		if (strcmp(operations[i].name, name))
			continue;
		fault->operation = operations[i].operation;
		fault->detail = operations[i].detail;
		return true;
	}
	return false;
}

static bool find_result(const char *name, struct emu_fault *fault)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		if (strcmp(results[i].name, name))
			continue;
		fault->result = results[i].result;
		return result_fits(fault->operation, fault->result);
	}
	return false;
}

bool emu_add_fault(struct emu_profile *profile, const char *value)
{
	struct emu_fault fault = { .seen = 0 };
	char part[32];
	u64 nth;

	if (profile->fault_count >= EMU_MAX_FAULTS)
		return false;
	if (!cut(&value, part, sizeof(part)) || !find_operation(part, &fault))
		return false;
	if (!cut(&value, part, sizeof(part)) || !emu_parse_number(part, 1, 0xffffffff, &nth))
		return false;
	if (!cut(&value, part, sizeof(part)) || *value || !find_result(part, &fault))
		return false;
	fault.nth = (u32)nth;
	profile->faults[profile->fault_count++] = fault;
	return true;
}

/* Without the detail: of that, the log tells a state only, as `to`. */
static const char *operation_name(enum emu_operation operation)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		if (operations[i].operation == operation && operations[i].detail < 0)
			return operations[i].name;
	return "unknown";
}

static const char *result_name(int result)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(results); i++)
		if (results[i].result == result)
			return results[i].name;
	return "unknown";
}

static void log_fault(struct emu_device *device, const struct emu_fault *fault)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "operation", operation_name(fault->operation));
	if (fault->operation == EMU_OPERATION_STATE && fault->detail >= 0)
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
