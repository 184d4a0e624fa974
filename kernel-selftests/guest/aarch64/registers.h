/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of floating point and vectors, which programs of any privilege have. */
#ifndef AARCH64_REGISTERS_H
#define AARCH64_REGISTERS_H

#include "../types.h"

#define VECTORS		32
#define VECTOR_VALUES	(2 * VECTORS + 2)	/* two of each vector, FPCR, FPSR */

extern const char *const vector_names[VECTOR_VALUES];

void vectors_read(u64 *values);
void vectors_write(const u64 *values);

#endif
