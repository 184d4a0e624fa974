// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers of the x87 and of SSE, as FXSAVE has them in memory.  All code is
 * compiled without use of them, so exceptions that are noted there never come.
 * Where the last x87 instruction was is left out: QEMU does not keep it under TCG.
 */
#include "simd.h"

#include "../machine.h"

#define FCW_MASKS	0x007f		/* every exception masked */
#define FCW_SETTABLE	0x0f00		/* precision, rounding */
#define FSW_SETTABLE	0x7f7f		/* all but busy and the summary of exceptions */
#define MXCSR_MASKS	0x1f80
#define MXCSR_SETTABLE	0xe03f		/* flush to zero, rounding, flags */

#define SHORT_VECTORS	(SIMD_VECTORS / 2)

/* Page tables: what they map has pages of 2 MiB, that are written and have been used. */
#define ENTRIES		512
#define TABLE_ENTRY	0x23
#define PAGE_ENTRY	0xe3
#define GIB		(1u << 30)
#define PAGE_2M		(1u << 21)

static u64 tables[4][ENTRIES] __attribute__((aligned(4096)));

void long_vectors_load(const u64 *from, const void *page_tables);
void long_vectors_store(u64 *to, const void *page_tables);

struct image {
	u16 fcw, fsw;
	u8 ftw, reserved;
	u16 opcode;
	u64 instruction, data;
	u32 mxcsr, mxcsr_mask;
	u64 stack[SIMD_STACK][2];	/* 64 bits of fraction, 16 of sign and exponent */
	u64 vectors[SHORT_VECTORS][2];
	u8 rest[512 - 32 - 16 * (SIMD_STACK + SHORT_VECTORS)];
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct image) == 512, "an image of FXSAVE has 512 bytes");

const char *simd_name(u32 number)
{
	static const char *const controls[SIMD_CONTROLS] = { "FCW", "FSW", "FTW", "MXCSR" };
	static const char *const registers[SIMD_STACK + SIMD_VECTORS] = {
		"ST0", "ST1", "ST2", "ST3", "ST4", "ST5", "ST6", "ST7",
		"XMM0", "XMM1", "XMM2", "XMM3", "XMM4", "XMM5", "XMM6", "XMM7",
		"XMM8", "XMM9", "XMM10", "XMM11", "XMM12", "XMM13", "XMM14", "XMM15",
	};

	return number < SIMD_CONTROLS ? controls[number] : registers[(number - SIMD_CONTROLS) / 2];
}

/* The first and the last GiB of four: RAM, and the image with the code. */
static void map_all(void)
{
	u32 i;

	tables[0][0] = (u32)tables[1] | TABLE_ENTRY;
	tables[1][0] = (u32)tables[2] | TABLE_ENTRY;
	tables[1][3] = (u32)tables[3] | TABLE_ENTRY;
	for (i = 0; i < ENTRIES; i++) {
		tables[2][i] = (i * PAGE_2M) | PAGE_ENTRY;
		tables[3][i] = (3 * GIB + i * PAGE_2M) | PAGE_ENTRY;
	}
}

void simd_read(u64 *values)
{
	struct image image;
	u32 i;

	asm volatile("fxsave %0" : "=m"(image));
	*values++ = image.fcw;
	*values++ = image.fsw;
	*values++ = image.ftw;
	*values++ = image.mxcsr;
	for (i = 0; i < SIMD_STACK; i++) {
		*values++ = image.stack[i][0];
		*values++ = image.stack[i][1] & 0xffff;
	}
	for (i = 0; i < SHORT_VECTORS; i++) {
		*values++ = image.vectors[i][0];
		*values++ = image.vectors[i][1];
	}
	long_vectors_store(values, tables);
}

void simd_write(const u64 *values)
{
	struct image image;
	u32 i;

	asm volatile("fxsave %0" : "=m"(image));
	image.fcw = (*values++ & FCW_SETTABLE) | FCW_MASKS;
	image.fsw = *values++ & FSW_SETTABLE;
	image.ftw = *values++;
	image.mxcsr = (*values++ & MXCSR_SETTABLE) | MXCSR_MASKS;
	for (i = 0; i < SIMD_STACK; i++) {
		image.stack[i][0] = *values++;
		image.stack[i][1] = *values++ & 0xffff;
	}
	for (i = 0; i < SHORT_VECTORS; i++) {
		image.vectors[i][0] = *values++;
		image.vectors[i][1] = *values++;
	}
	asm volatile("fxrstor %0" : : "m"(image));
	map_all();
	long_vectors_load(values, tables);
}
