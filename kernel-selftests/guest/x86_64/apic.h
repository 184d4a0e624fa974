/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt controllers. */
#ifndef X86_64_APIC_H
#define X86_64_APIC_H

#include "../types.h"

void apic_init(void);
/* From start.S; frame: what the processor pushed. */
void apic_interrupt(u32 vector, const u32 *frame);

#endif
