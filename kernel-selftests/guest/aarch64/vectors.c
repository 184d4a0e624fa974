// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers of floating point and vectors.  All code is compiled without use of them. */
#include "registers.h"

#include "processor.h"

#define FPCR_SETTABLE	0x07c00000	/* rounding, flush to zero, default NaN, alternative half precision */
#define FPSR_SETTABLE	0x0800009f	/* cumulative flags */

/* simd.S */
void vectors_load(const u64 *values);
void vectors_store(u64 *values);

#define TWO(name) name, name
#define EIGHT(a, b, c, d, e, f, g, h) TWO(a), TWO(b), TWO(c), TWO(d), TWO(e), TWO(f), TWO(g), TWO(h)

const char *const vector_names[VECTOR_VALUES] = {
	EIGHT("v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"),
	EIGHT("v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15"),
	EIGHT("v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23"),
	EIGHT("v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"),
	"FPCR", "FPSR",
};

void vectors_read(u64 *values)
{
	vectors_store(values);
	values[2 * VECTORS] = read_register("fpcr");
	values[2 * VECTORS + 1] = read_register("fpsr");
}

void vectors_write(const u64 *values)
{
	vectors_load(values);
	write_register("fpcr", values[2 * VECTORS] & FPCR_SETTABLE);
	write_register("fpsr", values[2 * VECTORS + 1] & FPSR_SETTABLE);
}
