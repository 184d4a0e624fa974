/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash behind the content of bulk data and of DMA pages; the guest computes it, too. */
#ifndef EMU_HASH_H
#define EMU_HASH_H

#include "platform.h"

static inline u32 emu_mix(u32 x)
{
	x ^= x >> 16;
	x *= 0x7feb352d;
	x ^= x >> 15;
	x *= 0x846ca68b;
	x ^= x >> 16;
	return x;
}

#endif
