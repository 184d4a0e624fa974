// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers of processors that no code of the guest uses. */
#include "registers.h"

#include "../abi/content.h"
#include "frames.h"
#include "machine.h"

#define ALIGNED __attribute__((aligned(16)))	/* for those of vectors */

static u64 left[MAX_CPUS][MAX_REGISTERS] ALIGNED;

static struct {
	const char *name;
	u32 count;
} found[MAX_CPUS];

void registers_set(void)
{
	u64 *mine = left[machine_cpu()];
	u32 start = random_number() ^ mix(machine_cpu() + 1), i;

	for (i = 0; i < MAX_REGISTERS; i++)
		mine[i] = (u64)mix(start + 2 * i) << 32 | mix(start + 2 * i + 1);
	machine_registers_write(mine);
	machine_registers_read(mine);	/* not every bit can be written */
}

void registers_look(void)
{
	unsigned int cpu = machine_cpu();
	u64 now[MAX_REGISTERS] ALIGNED;
	u32 i;

	machine_registers_read(now);
	found[cpu].count = 0;
	for (i = 0; machine_register_name(i); i++) {
		if (now[i] == left[cpu][i])
			continue;
		if (!found[cpu].count++)
			found[cpu].name = machine_register_name(i);
	}
}

bool registers_wrong(struct wrong_register *wrong)
{
	bool on = machine_irq_save();

	registers_look();
	machine_irq_restore(on);
	for (wrong->cpu = 0; wrong->cpu < machine_cpus(); wrong->cpu++) {
		wrong->name = found[wrong->cpu].name;
		wrong->count = found[wrong->cpu].count;
		if (wrong->count)
			return true;
	}
	return false;
}
