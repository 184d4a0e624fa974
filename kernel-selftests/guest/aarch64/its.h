/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only version 3 of the interrupt controller has. */
#ifndef AARCH64_ITS_H
#define AARCH64_ITS_H

#include "../machine.h"

#define FIRST_LPI	8192
#define REDISTRIBUTOR_BYTES	0x20000	/* of each processor */

void gicv3_wake(uintptr_t redistributor);
void its_init(uintptr_t redistributors);	/* that of the first processor; the others follow */
void its_route(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message);
void its_reroute(u16 address, u32 event, unsigned int cpu, struct message *message);
void its_unroute(u16 address, u32 event);
/* Once round the queue with commands that do nothing; false: it stands still, the rest says where. */
bool its_reads_commands(u32 *written, u32 *read);

#endif
