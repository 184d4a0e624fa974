// SPDX-License-Identifier: GPL-2.0-or-later
/* The serial line as a terminal of Linux: descriptor 0 of the program. */
#include "../serial.h"

#include "../machine.h"
#include "collect.h"
#include "system.h"

#define CANCEL	0x15	/* ^U: what came of this line is void */
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

static char next_character(void)
{
	static char input[256];
	static long there, taken;

	while (taken >= there) {
		there = system_read(SERIAL, input, sizeof(input));
		taken = 0;
	}
	return input[taken++];
}

void serial_line(char *line, size_t bytes)
{
	size_t count = 0;
	char character;

	while ((character = next_character()) != '\n') {
		if (character == '\r')
			continue;
		if (character == CANCEL) {
			count = 0;
			continue;
		}
		if (count < bytes)
			line[count] = character;
		count++;
	}
	line[count < bytes ? count : 0] = '\0';
	collect_interrupts();
}
