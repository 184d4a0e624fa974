/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt controllers. */
#ifndef X86_64_APIC_H
#define X86_64_APIC_H

#include "../types.h"

void apic_init(void);		/* all, and the first processor */
void apic_init_cpu(void);	/* what each processor has of its own */
/* From start.S; frame: what the processor pushed. */
void apic_interrupt(u32 vector, const u32 *frame);

#endif
