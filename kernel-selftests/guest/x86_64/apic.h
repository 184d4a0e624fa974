/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt controllers. */
#ifndef X86_64_APIC_H
#define X86_64_APIC_H

#include "../types.h"

#define APIC_REGISTERS		12	/* of a local one that keep what they are set to */

void apic_init(void);		/* all, and the first processor */
const char *apic_register_name(u32 number);
u32 apic_register(u32 number);		/* this processor's */
void apic_init_cpu(void);	/* what each processor has of its own */
/* From start.S; frame: what the processor pushed. */
void apic_interrupt(u32 vector, const u32 *frame);

#endif
