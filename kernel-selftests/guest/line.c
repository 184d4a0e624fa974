// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes lines out of the characters of the serial line, wherever these come from. */
#include "serial.h"

#define CANCEL	0x15	/* ^U: what came of this line is void */

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
