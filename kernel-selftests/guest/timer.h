/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timers of the processors: set before a migration and after it, they have to interrupt in time. */
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include "types.h"

struct silent_timer {
	unsigned int cpu;
	u32 milliseconds;	/* for how long it has been due */
};

/*
 * By the first processor, and not by a handler.  Waits for timers that are due,
 * tries a short one of its own, and sets a long one, which is for the next call.
 * True if one does not interrupt.
 */
bool timers_silent(struct silent_timer *which);
void timer_renew(void);		/* of this processor, if it is not running: to be looked at by the first one */
void timer_excuse(unsigned int cpu, bool excused);	/* it takes no interrupts */
void timer_fired(void);		/* by the handler */

#endif
