/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffered input. */
#ifndef GUEST_SERIAL_H
#define GUEST_SERIAL_H

#include "types.h"

void serial_received(char character);	/* by the interrupt handler */
char next_character(void);		/* sleeps until there is one */
/* Sleeps until a whole line is there; it is made empty if it was too long. */
void serial_line(char *line, size_t bytes);

#endif
