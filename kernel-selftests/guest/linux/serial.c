// SPDX-License-Identifier: GPL-2.0-or-later
/* The serial line as a terminal of Linux: descriptor 0 of the program. */
#include "../serial.h"

#include "../machine.h"
#include "../traffic.h"
#include "collect.h"
#include "system.h"

#define SERIAL	0

static char output[4096];
static size_t waiting;

void machine_put(char character)
{
	output[waiting++] = character;
	if (character != '\n' && waiting < sizeof(output))
		return;
	system_write(SERIAL, output, waiting);
	waiting = 0;
}

char next_character(void)
{
	static char input[256];
	static long there, taken;

	while (taken >= there) {
		while (!system_readable(SERIAL) && traffic_step())
			;
		there = system_read(SERIAL, input, sizeof(input));
		taken = 0;
	}
	if (input[taken] == '\n')
		collect_interrupts();
	return input[taken++];
}
