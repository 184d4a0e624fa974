// SPDX-License-Identifier: GPL-2.0-or-later
/* Of the processor's registers, a program of Linux has those of vectors, and a pointer that Linux leaves to it. */
#include "../aarch64/registers.h"

#include "../aarch64/processor.h"
#include "../machine.h"

const char *machine_register_name(u32 number)
{
	if (number < VECTOR_VALUES)
		return vector_names[number];
	return number == VECTOR_VALUES ? "tpidr_el0" : NULL;
}

void machine_registers_read(u64 *values)
{
	vectors_read(values);
	values[VECTOR_VALUES] = read_register("tpidr_el0");
}

void machine_registers_write(const u64 *values)
{
	vectors_write(values);
	write_register("tpidr_el0", values[VECTOR_VALUES]);
}
