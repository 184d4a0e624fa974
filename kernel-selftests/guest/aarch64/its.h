/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only version 3 of the interrupt controller has. */
#ifndef AARCH64_ITS_H
#define AARCH64_ITS_H

#include "../machine.h"

#define FIRST_LPI	8192

void gicv3_wake(uintptr_t redistributor);
void its_init(uintptr_t redistributor);
void its_route(u16 address, u32 event, u16 slot, struct message *message);
void its_unroute(u16 address, u32 event);

#endif
