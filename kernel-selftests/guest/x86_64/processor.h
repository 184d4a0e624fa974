/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor. */
#ifndef X86_64_PROCESSOR_H
#define X86_64_PROCESSOR_H

#include "../types.h"

/* An exception; frame: what the processor pushed. */
void machine_fatal(u32 vector, const u32 *frame) __attribute__((noreturn));

#endif
