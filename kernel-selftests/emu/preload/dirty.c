// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of dirty pages: a list of bitmaps, each for 128 MiB of addresses.  A
 * device's buffers are in very few of them.
 */
#include "dirty.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS   64
#define CHUNK_WORDS 512
#define CHUNK_PAGES ((uint64_t)CHUNK_WORDS * WORD_BITS)

struct dirty_chunk {
	struct dirty_chunk *next;
	uint64_t first_page;
	uint64_t bits[CHUNK_WORDS];
};

static struct dirty_chunk *find_chunk(struct dirty_set *set, uint64_t page)
{
	struct dirty_chunk *chunk;

	for (chunk = set->chunks; chunk; chunk = chunk->next)
		if (page - chunk->first_page < CHUNK_PAGES)
			return chunk;
	return NULL;
}

static int add_page(struct dirty_set *set, uint64_t page)
{
	struct dirty_chunk *chunk = find_chunk(set, page);
	uint64_t bit = page % CHUNK_PAGES;

	if (!chunk) {
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return -ENOMEM;
		chunk->first_page = page - bit;
		chunk->next = set->chunks;
		set->chunks = chunk;
	}
	chunk->bits[bit / WORD_BITS] |= 1ull << (bit % WORD_BITS);
	return 0;
}

int dirty_add(struct dirty_set *set, uint64_t iova, uint64_t bytes)
{
	uint64_t page, last = (iova + bytes - 1) / DIRTY_PAGE_SIZE;
	int error = 0;

	for (page = iova / DIRTY_PAGE_SIZE; page <= last && !error; page++)
		error = add_page(set, page);
	return error;
}

void dirty_clear(struct dirty_set *set)
{
	struct dirty_chunk *chunk = set->chunks, *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	set->chunks = NULL;
}

static void set_bit(uint64_t *bitmap, uint64_t bit)
{
	bitmap[bit / WORD_BITS] |= 1ull << (bit % WORD_BITS);
}

/*
 * The pages of one word of a chunk which lie in [first, last]; a bit of the
 * reader's bitmap stands for `pages_per_bit` of them.
 */
static int64_t report_word(uint64_t word_page, uint64_t *word, uint64_t first, uint64_t last,
			   uint64_t pages_per_bit, uint64_t *bitmap, bool keep)
{
	uint64_t left, page;
	int64_t count = 0;

	for (left = *word; left; left &= left - 1) {
		page = word_page + (uint64_t)__builtin_ctzll(left);
		if (page < first || page > last)
			continue;
		set_bit(bitmap, (page - first) / pages_per_bit);
		if (!keep)
			*word &= ~(1ull << (page % WORD_BITS));
		count++;
	}
	return count;
}

int64_t dirty_report(struct dirty_set *set, uint64_t iova, uint64_t bytes, uint64_t page_size,
		     uint64_t *bitmap, bool keep)
{
	uint64_t first = iova / DIRTY_PAGE_SIZE, last;
	struct dirty_chunk *chunk;
	int64_t count = 0;
	int i;

	if (page_size < DIRTY_PAGE_SIZE || (page_size & (page_size - 1)) || !bytes ||
	    (iova | bytes) & (page_size - 1) || iova + bytes - 1 < iova)
		return -EINVAL;
	last = (iova + bytes - 1) / DIRTY_PAGE_SIZE;
	for (chunk = set->chunks; chunk; chunk = chunk->next) {
		if (chunk->first_page > last || chunk->first_page + CHUNK_PAGES <= first)
			continue;
		for (i = 0; i < CHUNK_WORDS; i++)
			count += report_word(chunk->first_page + (uint64_t)i * WORD_BITS,
					     &chunk->bits[i], first, last,
					     page_size / DIRTY_PAGE_SIZE, bitmap, keep);
	}
	return count;
}
