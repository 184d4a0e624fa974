// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several processors.  The first one runs the serial protocol; the others do
 * nothing but to take the interrupts that are routed to them.
 */
#include "cpu.h"

#include "memory.h"
#include "registers.h"
#include "timer.h"

static bool started[MAX_CPUS];
static bool off[MAX_CPUS], idle[MAX_CPUS];	/* is to take no interrupts; takes none */
static u32 call, answers[MAX_CPUS];	/* which call of the first processor each has answered */

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(bool *flag, bool value)
{
	__atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

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
		while (!is_set(&started[cpu]))
			machine_relax();
}

static void wait_while_off(unsigned int cpu)
{
	if (!is_set(&off[cpu]))
		return;
	machine_take_all(false);
	set(&idle[cpu], true);
	while (is_set(&off[cpu])) {
		memory_show();
		machine_sleep();
	}
	set(&idle[cpu], false);
	machine_take_all(true);
}

void cpu_main(void)
{
	unsigned int cpu = machine_cpu();

	registers_set();
	set(&started[cpu], true);
	for (;;) {
		memory_show();
		wait_while_off(cpu);
		machine_sleep();
	}
}

const char *cpu_interrupts(unsigned int cpu, bool on)
{
	if (!cpu || cpu >= machine_cpus())
		return "no such processor, or the first";
	if (!on)
		timer_excuse(cpu, true);
	set(&off[cpu], !on);
	machine_wake(cpu);
	while (is_set(&idle[cpu]) == on)
		machine_relax();
	timer_excuse(cpu, !on);
	return NULL;
}

bool cpu_takes_none(unsigned int cpu)
{
	return is_set(&idle[cpu]);
}

static bool all_answered(void)
{
	unsigned int cpu;

	for (cpu = 1; cpu < machine_cpus(); cpu++)
		if (!off[cpu] && __atomic_load_n(&answers[cpu], __ATOMIC_ACQUIRE) != call)
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
		if (!off[cpu])
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
	timer_renew();
	registers_look();
	__atomic_store_n(&answers[cpu], __atomic_load_n(&call, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	machine_call(0);
}
