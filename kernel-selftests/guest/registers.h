/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of processors that no code of the guest uses: what they have in them
 * at the start is there ever after.
 */
#ifndef GUEST_REGISTERS_H
#define GUEST_REGISTERS_H

#include "types.h"

struct wrong_register {
	unsigned int cpu;
	const char *name;	/* the first one */
	u32 count;
};

/* Of this processor, with interrupts off. */
void registers_set(void);	/* to values that nobody can guess */
void registers_look(void);	/* for registers_wrong() */

/* By the first processor, after the others have looked: are any wrong? */
bool registers_wrong(struct wrong_register *wrong);

#endif
