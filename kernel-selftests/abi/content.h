/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the pages that the device writes, and in what it digests: the device
 * and its driver compute it apart, and have to come to the same.
 */
#ifndef ABI_CONTENT_H
#define ABI_CONTENT_H

#define PAGE_MAGIC	0x71706467	/* word 0 of a page; the page's number, its sequence and the seed follow */
#define PAGE_HEADER	4		/* words */

/* A hash of 32 bits. */
static inline unsigned int mix(unsigned int x)
{
	x ^= x >> 16;
	x *= 0x7feb352d;
	x ^= x >> 15;
	x *= 0x846ca68b;
	x ^= x >> 16;
	return x;
}

/*
 * Of the writes to a page, one in so many makes it all zero: a migration treats
 * such pages in a way of its own.
 */
static inline int page_is_zero(unsigned int sequence)
{
	return sequence % 4 == 3;
}

/* What all words of a page after its header are made of. */
static inline unsigned int page_base(unsigned int page, unsigned int sequence, unsigned int seed)
{
	return seed ^ page * 0x9e3779b9u ^ sequence * 0x85ebca6bu;
}

static inline unsigned int page_word(unsigned int base, unsigned int word)
{
	return mix(base ^ word * 0xc2b2ae35u);
}

#endif
