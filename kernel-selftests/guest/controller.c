// SPDX-License-Identifier: GPL-2.0-or-later
/* What interrupt controllers have in their registers: remembered, and compared. */
#include "controller.h"

#define MAX_CONTROLLER_REGISTERS 1024

static u32 values[MAX_CONTROLLER_REGISTERS];

void controller_remember(void)
{
	struct controller_register found;
	u32 number;

	for (number = 0; number < ARRAY_SIZE(values); number++) {
		if (!machine_controller_register(number, &found))
			break;
		values[number] = found.value;
	}
}

bool controller_differs(struct controller_register *now, u32 *was)
{
	u32 number;

	for (number = 0; number < ARRAY_SIZE(values); number++) {
		if (!machine_controller_register(number, now))
			break;
		*was = values[number];
		if (now->value != *was)
			return true;
	}
	return false;
}
