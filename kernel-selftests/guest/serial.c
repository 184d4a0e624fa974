// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Input of the serial line: the handler fills a ring, and what takes lines out
 * of it sleeps while it is empty.
 */
#include "serial.h"

#include "machine.h"
#include "memory.h"
#include "traffic.h"

static char buffer[4096];
static volatile u32 written, taken;

void serial_received(char character)
{
	if (written - taken < sizeof(buffer))
		buffer[written++ % sizeof(buffer)] = character;
}

char next_character(void)
{
	char character;
	bool on;

	while (written == taken && traffic_step())
		machine_relax();
	on = machine_irq_save();
	while (written == taken) {
		memory_show();
		machine_sleep();
	}
	character = buffer[taken++ % sizeof(buffer)];
	machine_irq_restore(on);
	return character;
}
