// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timers.  The long one is running when the guest stops to move, as a rule: it
 * takes less than that long to begin.  What is due is waited for, and what is
 * not is left for the next time, so that a check takes no longer for it.
 */
#include "timer.h"

#include "machine.h"

#define LONG_MS		150
#define SHORT_MS	2
#define PATIENCE_MS	2000	/* a host under load serves timers late */

static struct {
	bool running;	/* was set, and has not interrupted */
	bool used;	/* was ever set */
	bool excused;
	u64 due;	/* in ticks */
} timers[MAX_CPUS];

static bool is_running(unsigned int cpu)
{
	return __atomic_load_n(&timers[cpu].running, __ATOMIC_ACQUIRE);
}

static void set_running(unsigned int cpu, bool running)
{
	__atomic_store_n(&timers[cpu].running, running, __ATOMIC_RELEASE);
}

static u64 now_and(u32 *hertz)
{
	u64 ticks;

	machine_ticks(&ticks, hertz);
	return ticks;
}

static void start(u32 milliseconds)
{
	unsigned int cpu = machine_cpu();
	u32 hertz;

	timers[cpu].due = now_and(&hertz) + (u64)milliseconds * (hertz / 1000);
	timers[cpu].used = true;
	set_running(cpu, true);
	machine_timer(1000 * milliseconds);
}

void timer_fired(void)
{
	set_running(machine_cpu(), false);
}

void timer_renew(void)
{
	if (!is_running(machine_cpu()))
		start(LONG_MS);
}

void timer_excuse(unsigned int cpu, bool excused)
{
	timers[cpu].excused = excused;
}

/* Milliseconds for which it has been due and silent, after a wait; 0: all is well. */
static u32 silent_for(unsigned int cpu)
{
	u64 late = 0;
	u32 hertz;

	while (is_running(cpu) && !timers[cpu].excused) {
		u64 now = now_and(&hertz);

		if (now < timers[cpu].due)
			return 0;
		late = now - timers[cpu].due;
		if (late > (u64)PATIENCE_MS * (hertz / 1000))
			return late >> 32 ? ~0u : (u32)late / (hertz / 1000);
		machine_relax();
	}
	return 0;
}

/* One that has interrupted, or was never set, interrupts again. */
static u32 try_short(void)
{
	u64 until, now;
	u32 hertz;

	start(SHORT_MS);
	until = timers[machine_cpu()].due;
	do {
		now = now_and(&hertz);
		machine_relax();
	} while (now < until && is_running(machine_cpu()));
	return silent_for(machine_cpu());
}

bool timers_silent(struct silent_timer *which)
{
	u32 late = 0;

	for (which->cpu = 0; which->cpu < machine_cpus(); which->cpu++) {
		late = silent_for(which->cpu);
		if (late)
			break;
	}
	if (!late && !is_running(0)) {
		which->cpu = 0;
		late = try_short();
		if (!late)
			start(LONG_MS);
	}
	which->milliseconds = late;
	return late;
}
