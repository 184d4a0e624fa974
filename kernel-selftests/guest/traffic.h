/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that is busy with its devices while nobody asks for anything. */
#ifndef GUEST_TRAFFIC_H
#define GUEST_TRAFFIC_H

#include "types.h"

struct traffic_result {
	u32 written;	/* entries of the journal that the processor has written */
	u32 stale;	/* pages of it that have not the last one */
};

/*
 * From now on until the end something is done whenever so much time has passed.
 * NULL, or what is wrong.
 */
const char *traffic_begin(u32 microseconds);
void traffic_end(struct traffic_result *result);
bool traffic_step(void);	/* while the guest waits for a command; false: it is not busy */

#endif
