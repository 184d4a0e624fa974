// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several processors.  The first one runs the serial protocol; the others do
 * nothing but to take the interrupts that are routed to them.
 */
#include "cpu.h"

#include "memory.h"

static bool started[MAX_CPUS];
static u32 call, answers[MAX_CPUS];	/* which call of the first processor each has answered */

void cpus_start(void)
{
	unsigned int cpu;

	for (cpu = 1; cpu < machine_cpus(); cpu++)
		machine_start_cpu(cpu);
}

void cpus_await(void)
{
	unsigned int cpu;

	for (cpu = 1; cpu < machine_cpus(); cpu++)
		while (!__atomic_load_n(&started[cpu], __ATOMIC_ACQUIRE))
			machine_relax();
}

void cpu_main(void)
{
	__atomic_store_n(&started[machine_cpu()], true, __ATOMIC_RELEASE);
	for (;;) {
		memory_show();
		machine_sleep();
	}
}

static bool all_answered(void)
{
	unsigned int cpu;

	for (cpu = 1; cpu < machine_cpus(); cpu++)
		if (__atomic_load_n(&answers[cpu], __ATOMIC_ACQUIRE) != call)
			return false;
	return true;
}

/* A call is the least urgent of interrupts: a processor that answers has handled all others. */
void cpus_sync(void)
{
	bool on = machine_irq_save();
	unsigned int cpu;

	__atomic_store_n(&call, call + 1, __ATOMIC_RELEASE);
	for (cpu = 1; cpu < machine_cpus(); cpu++)
		machine_call(cpu);
	while (!all_answered()) {
		memory_show();
		machine_sleep();
	}
	machine_irq_restore(on);
}

void cpu_called(void)
{
	unsigned int cpu = machine_cpu();

	if (!cpu)	/* an answer: it has awoken */
		return;
	__atomic_store_n(&answers[cpu], __atomic_load_n(&call, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	machine_call(0);
}
