// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that are zero but for one byte or one word.  A migration sends pages that
 * are all zero in a way of its own, and has to look at every byte to tell them:
 * each block of a page is the only one with content in one page or other, and so
 * are its first and its last byte.  Some pages get other content at each check:
 * it moves, a page becomes all zero, and one that was has content.
 */
#include "sparse.h"

#include "frames.h"
#include "memory.h"

#define BLOCK_BYTES	256	/* as many as QEMU looks at in one turn at most, by vectors */
#define BLOCKS		(PAGE_SIZE / BLOCK_BYTES)
#define BYTES		0	/* the first page of those with a byte in each block */
#define WORDS		(BYTES + BLOCKS)
#define FIRST_BYTE	(WORDS + BLOCKS)
#define LAST_BYTE	(FIRST_BYTE + 1)
#define CHANGING	(LAST_BYTE + 1)
#define PAGES		(CHANGING + 6)

static struct {
	u32 frame;
	u32 word, value;	/* the only one; 0: the page is all zero */
} pages[PAGES];

static u32 turn;

static void write_value(u32 page, u32 word, u32 value)
{
	frame_words(pages[page].frame)[word] = value;
	pages[page].word = word;
	pages[page].value = value;
}

static void write_byte(u32 page, u32 place)
{
	u32 byte = random_number() % 255 + 1;

	write_value(page, place / 4, byte << place % 4 * 8);
}

static void write_word(u32 page, u32 place)
{
	write_value(page, place / 4, random_number() | 0x01010101);
}

static u32 place_in(u32 block)
{
	return block * BLOCK_BYTES + random_number() % BLOCK_BYTES;
}

/* A byte, a word, nothing: each at each turn something else. */
static void change(u32 page)
{
	frame_words(pages[page].frame)[pages[page].word] = 0;
	switch ((turn + page) % 3) {
	case 0:
		write_byte(page, random_number() % PAGE_SIZE);
		break;
	case 1:
		write_word(page, random_number() % PAGE_SIZE);
		break;
	default:
		pages[page].value = 0;
	}
	memory_show_page(frame_words(pages[page].frame));
}

static void change_some(void)
{
	u32 page;

	turn++;
	for (page = CHANGING; page < PAGES; page++)
		change(page);
}

void sparse_write(void)
{
	u32 region = frames_any_region(), page, block;

	for (page = 0; page < PAGES; page++) {
		pages[page].frame = frame_take_any(region);
		frame_clear(pages[page].frame);
	}
	for (block = 0; block < BLOCKS; block++) {
		write_byte(BYTES + block, place_in(block));
		write_word(WORDS + block, place_in(block));
	}
	write_byte(FIRST_BYTE, 0);
	write_byte(LAST_BYTE, PAGE_SIZE - 1);
	change_some();
}

static bool is_right(u32 page)
{
	const volatile u32 *words = frame_words(pages[page].frame);
	u32 word;

	for (word = 0; word < PAGE_WORDS; word++)
		if (words[word] != (word == pages[page].word ? pages[page].value : 0))
			return false;
	return true;
}

u32 sparse_check(void)
{
	u32 page, wrong = 0;

	for (page = 0; page < PAGES; page++)
		wrong += !is_right(page);
	change_some();
	return wrong;
}
