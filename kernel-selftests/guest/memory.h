/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lets a migration see what the guest has written; memory.c says why. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "types.h"

void memory_show(void);				/* before any processor sleeps, with interrupts off */
void memory_show_page(volatile void *page);

#endif
