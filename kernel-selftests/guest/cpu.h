/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several processors: their start, what they wait for from each other, locks. */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include "machine.h"
#include "types.h"

/* Starts the others, which from now on take interrupts; the first one goes on. */
void cpus_start(void);
void cpus_await(void);			/* until they all have started */
void cpu_main(void) __attribute__((noreturn));	/* of any but the first, with interrupts off */
/*
 * By the first processor, and not by a handler: returns when all interrupts
 * have been handled that were waiting for any processor.
 */
void cpus_sync(void);
/*
 * From now on that one, which is not the first, takes no interrupts, or takes
 * them again, with those that have come meanwhile.  NULL, or what is wrong.
 */
const char *cpu_interrupts(unsigned int cpu, bool on);
bool cpu_takes_none(unsigned int cpu);
void cpu_called(void);			/* by the handler of machine_call() */

struct lock {
	bool taken;
};

/* With interrupts off until its release; says whether they were on. */
static inline bool lock_take(struct lock *lock)
{
	bool on = machine_irq_save();

	while (__atomic_test_and_set(&lock->taken, __ATOMIC_ACQUIRE))
		machine_relax();
	return on;
}

static inline void lock_release(struct lock *lock, bool on)
{
	__atomic_clear(&lock->taken, __ATOMIC_RELEASE);
	machine_irq_restore(on);
}

#endif
