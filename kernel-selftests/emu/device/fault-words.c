// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads faults, and names them for the log.
 */
#include "fault-words.h"

#include "number.h"

/* Kinds of results. */
enum {
	ERRNO = 1 << 0,
	SHORT = 1 << 1,
	SWALLOW = 1 << 2,
	FLIP = 1 << 3,
	ACCEPT = 1 << 4,
	MOVE = 1 << 5,
	DROP = 1 << 6,
	MORE = 1 << 7,
	ZERO = 1 << 8,
	SPREAD = 1 << 9,
	LATE = 1 << 10,
};

static const struct {
	const char *name;
	enum emu_operation operation;
	int detail;
	u32 kinds;
} operations[] = {
#define EMU_OPERATION(word, name, detail, kinds) { word, EMU_OPERATION_##name, detail, kinds },
#include "faults.def"
};

static const struct {
	const char *name;
	int result;
	u32 kind;
} results[] = {
#define EMU_RESULT(word, value, kind) { word, value, kind },
#include "faults.def"
};

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

/* The kinds of results that can hit it; 0: there is no such operation. */
static u32 find_operation(const char *name, struct emu_fault *fault)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		if (strcmp(operations[i].name, name))
			continue;
		fault->operation = operations[i].operation;
		fault->detail = operations[i].detail;
		return operations[i].kinds;
	}
	return 0;
}

static bool find_result(const char *name, u32 kinds, struct emu_fault *fault)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		if (strcmp(results[i].name, name))
			continue;
		fault->result = results[i].result;
		return results[i].kind & kinds;
	}
	return false;
}

bool emu_fault_parse(struct emu_fault *fault, const char *value)
{
	char part[32];
	u32 kinds;
	u64 nth;

	memset(fault, 0, sizeof(*fault));
	if (!cut(&value, part, sizeof(part)))
		return false;
	kinds = find_operation(part, fault);
	if (!kinds)
		return false;
	if (!cut(&value, part, sizeof(part)) || !emu_parse_number(part, 1, 0xffffffff, &nth))
		return false;
	fault->nth = (u32)nth;
	return cut(&value, part, sizeof(part)) && !*value && find_result(part, kinds, fault);
}

const char *emu_operation_name(enum emu_operation operation)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		if (operations[i].operation == operation && operations[i].detail < 0)
			return operations[i].name;
	return "unknown";
}

const char *emu_result_name(int result)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(results); i++)
		if (results[i].result == result)
			return results[i].name;
	return "unknown";
}
