/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the x87 and of SSE. */
#ifndef X86_64_SIMD_H
#define X86_64_SIMD_H

#include "../types.h"

#define SIMD_CONTROLS	4
#define SIMD_STACK	8	/* of the x87: two values each */
#define SIMD_VECTORS	16	/* two values each; FXSAVE of 32 bits has half of them */
#define SIMD_VALUES	(SIMD_CONTROLS + 2 * SIMD_STACK + 2 * SIMD_VECTORS)

const char *simd_name(u32 number);
void simd_read(u64 *values);
void simd_write(const u64 *values);

#endif
