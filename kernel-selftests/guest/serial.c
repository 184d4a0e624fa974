// SPDX-License-Identifier: GPL-2.0-or-later
/* Input of the serial line: the handler fills a ring, the protocol takes lines out of it. */
#include "serial.h"

#include "machine.h"
#include "memory.h"

#define CANCEL	0x15	/* ^U: what came of this line is void */

static char buffer[4096];
static volatile u32 written, taken;

void serial_received(char character)
{
	if (written - taken < sizeof(buffer))
		buffer[written++ % sizeof(buffer)] = character;
}

static char next_character(void)
{
	bool on = machine_irq_save();
	char character;

	while (written == taken) {
		memory_show();
		machine_sleep();
	}
	character = buffer[taken++ % sizeof(buffer)];
	machine_irq_restore(on);
	return character;
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
}
