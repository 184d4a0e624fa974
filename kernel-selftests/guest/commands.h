/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of the serial protocol; each answers with exactly one line. */
#ifndef GUEST_COMMANDS_H
#define GUEST_COMMANDS_H

#include "device.h"
#include "types.h"

struct command {
	const char *name;
	unsigned int numbers;	/* after the device's, if it takes one */
	bool device;
	void (*run)(struct device *device, const u32 *numbers);
};

const struct command *command_find(const char *name);	/* NULL: there is none */
void print_identity(const char *first);		/* a line of what the guest has found, after a word */
void answer(const char *error);			/* ok, or what is wrong */

#endif
