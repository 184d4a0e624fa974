// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of guest memory that a device writes and reads.  They lie somewhere in RAM,
 * at places that nobody can guess, and the device finds them by a table.  Some
 * have places of their own, at which trackers of written pages go wrong: the last
 * page of RAM, the last one of the first 64, the last and the first one of pieces of
 * RAM, and 64 in a row which are one whole word of a bitmap.  No two others are
 * neighbours, so that none can stand for another; what lies beside them is zero, and
 * has to stay so.
 */
#include "ring.h"

#include "../abi/content.h"
#include "frames.h"
#include "kept.h"
#include "machine.h"
#include "memory.h"

#define LOOKS		3	/* at a page that seems wrong: the device may be writing it now */

#define OUTBOX		MAX_RING_PAGES	/* a page that the device reads and never writes */
#define TABLE		(MAX_RING_PAGES + 1)
#define PLACES		(MAX_RING_PAGES + 2)
#define RING_IS_TABLE	1	/* bit of the ring's address */

#define WORD_PAGES	64
#define BLOCK		32	/* the first page of those that are a whole word */
#define BEHIND_BLOCK	8
#define PEER_PAGE	3	/* the device never writes it by itself */
#define LAST_PAGE	0
#define FIRST_WORD	4
/* The last page of the first half and the first of the second quarter: of pieces of every size, too. */
#define LAST_OF_PIECE	5
#define FIRST_OF_PIECE	6

static u32 places[MAX_DEVICES][PLACES];	/* numbers of pages, counted from the start of RAM; 0: none */

static volatile u32 *words_of(const struct device *device, u32 page)
{
	return frame_words(places[device - devices][page]);
}

/* The first of as many pages as a word of a bitmap has bits. */
static u32 find_word(void)
{
	u32 frame;

	do {
		frame = frames_any_region() + random_number() % (REGION / WORD_PAGES) * WORD_PAGES;
	} while (!frames_are_free(frame, WORD_PAGES + 1));
	return frame;
}

static void give_back(u32 *place)
{
	u32 page;

	for (page = 0; page < PLACES; page++) {
		if (place[page])
			frame_give_back(place[page]);
		place[page] = 0;
	}
}

/* The places that are not just anywhere: each is one device's. */
static void choose_ends(u32 *place, u32 pages)
{
	const struct {
		u32 page, frame;
	} ends[] = {
		{ LAST_PAGE, frames_count() - 1 },
		{ FIRST_WORD, WORD_PAGES - 1 },
		{ LAST_OF_PIECE, frames_count() / 2 - 1 },
		{ FIRST_OF_PIECE, frames_count() / 4 },
	};
	u32 i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (pages > ends[i].page && !frame_is_taken(ends[i].frame))
			place[ends[i].page] = frame_take(ends[i].frame);
}

static void choose_word(u32 *place, u32 word)
{
	u32 page;

	for (page = 0; page < WORD_PAGES; page++)
		place[BLOCK + page] = frame_take(word + page);
	place[BEHIND_BLOCK] = frame_take(word + WORD_PAGES);
}

/* Most pages are near the whole word, some near the end of RAM. */
static void choose(u32 *place, u32 pages)
{
	u32 word, region, page;

	choose_ends(place, pages);	/* first: what is taken is in no word */
	word = find_word();
	region = word / REGION * REGION;
	if (pages >= BLOCK + WORD_PAGES)
		choose_word(place, word);
	for (page = 0; page < pages; page++)
		if (!place[page])
			place[page] = frame_take_any(page % 5 ? region : frames_count() - REGION);
	place[OUTBOX] = frame_take_any(region);
	place[TABLE] = frame_take_any(region);
}

/* Calls `act` with each page beside one of the device's that is nobody's, until it says so of one; returns that. */
static u32 beside(const struct device *device, bool (*act)(u32 frame))
{
	const u32 *place = places[device - devices];
	u32 page, before, behind;

	for (page = 0; page < PLACES; page++) {
		before = place[page] ? frame_before(place[page]) : 0;
		behind = place[page] ? frame_behind(place[page]) : 0;
		if (before && act(before))
			return before;
		if (behind && act(behind))
			return behind;
	}
	return 0;
}

static bool make_zero(u32 frame)
{
	frame_clear(frame);
	return false;
}

static bool was_written(u32 frame)
{
	return !frame_is_zero(frame);
}

volatile u32 *ring_take_page(void)
{
	return frame_words(frame_take_any(frames_any_region()));
}

static void clear(const struct device *device, u32 pages)
{
	u32 page, word;

	for (page = 0; page < pages; page++)
		for (word = 0; word < PAGE_WORDS; word++)
			words_of(device, page)[word] = 0;
	for (page = 0; page < pages; page++)
		memory_show_page(words_of(device, page));
}

static void write_table(const struct device *device, u32 pages)
{
	volatile u32 *table = words_of(device, TABLE);
	u32 page;

	for (page = 0; page < MAX_RING_PAGES + 1; page++) {
		bool given = page < pages || page == OUTBOX;
		u64 address = given ? (uintptr_t)words_of(device, page) : 0;

		table[2 * page] = (u32)address;
		table[2 * page + 1] = (u32)(address >> 32);
	}
	memory_show_page(table);
}

const char *ring_set_up(struct device *device, u32 pages)
{
	u32 *place = places[device - devices];
	u64 table;

	if (!pages || pages > MAX_RING_PAGES)
		return "wrong number of pages";
	device_write(device, REGISTER_RING_PAGES, 0);
	give_back(place);
	choose(place, pages);
	clear(device, pages);
	beside(device, make_zero);
	write_table(device, pages);
	device->ring_pages = pages;
	device->has_left = false;
	table = (uintptr_t)words_of(device, TABLE) | RING_IS_TABLE;
	device_write(device, REGISTER_RING_LOW, (u32)table);
	device_write(device, REGISTER_RING_HIGH, (u32)(table >> 32));
	device_write(device, REGISTER_RING_PAGES, pages);
	return NULL;
}

enum page { PAGE_GOOD, PAGE_STALE, PAGE_CORRUPT };

/* By its own words: a page never written is all zero, and so are some that were. */
static bool page_as_written(const volatile u32 *words, u32 page, u32 seed)
{
	u32 base = page_base(page, words[2], seed), word;

	if (!words[2])
		return words_are_zero(words);
	if (words[0] != PAGE_MAGIC || words[1] != page || words[3] != seed || page_is_zero(words[2]))
		return false;
	for (word = PAGE_HEADER; word < PAGE_WORDS; word++)
		if (words[word] != page_word(base, word))
			return false;
	return true;
}

/* What a page has in place of its sequence after that many writes. */
static u32 sequence_shown(const struct device *device, u32 page)
{
	u32 sequence = kept_sequence(device, page);

	return page_is_zero(sequence) ? 0 : sequence;
}

static enum page look_at(const struct device *device, u32 page)
{
	const volatile u32 *words = words_of(device, page);

	if (!page_as_written(words, page, device_read(device, REGISTER_SEED)))
		return PAGE_CORRUPT;
	return words[2] == sequence_shown(device, page) ? PAGE_GOOD : PAGE_STALE;
}

static enum page check_page(const struct device *device, u32 page)
{
	enum page result = PAGE_GOOD;
	int look;

	for (look = 0; look < LOOKS; look++) {
		result = look_at(device, page);
		if (result == PAGE_GOOD)
			break;
	}
	return result;
}

/* The device reads a page with content that it cannot know, and says what it saw. */
static bool reads_memory(const struct device *device)
{
	volatile u32 *words = words_of(device, OUTBOX);
	u32 digest = 0, start = random_number(), word;

	for (word = 0; word < PAGE_WORDS; word++) {
		words[word] = mix(start ^ mix(word));
		digest = mix(digest ^ words[word]);
	}
	device_write(device, REGISTER_PULL, OUTBOX);
	return device_read(device, REGISTER_DIGEST) == digest;
}

static void set_entry(const struct device *device, u32 page, u64 address)
{
	volatile u32 *table = words_of(device, TABLE);

	table[2 * page] = (u32)address;
	table[2 * page + 1] = (u32)(address >> 32);
	memory_show_page(table);
}

/*
 * For one write, a page of the ring is the first of the peer's memory. What the
 * device wrote there is taken away again if it is what it should be.
 */
const char *ring_write_to_peer(const struct device *device, const struct device *peer)
{
	const volatile u32 *words = (const volatile u32 *)peer->memory;
	u32 seed = device_read(device, REGISTER_SEED);

	if (device->ring_pages <= PEER_PAGE || !peer->filled)
		return "needs a ring and memory that was filled";
	set_entry(device, PEER_PAGE, peer->memory);
	device_write(device, REGISTER_KICK, PEER_PAGE);
	set_entry(device, PEER_PAGE, (uintptr_t)words_of(device, PEER_PAGE));
	if (page_as_written(words, PEER_PAGE, seed) &&
	    words[2] == sequence_shown(device, PEER_PAGE))
		device_fill_page(peer, 0);
	device_write(device, REGISTER_KICK, PEER_PAGE);
	return NULL;
}

void ring_check(const struct device *device, struct check_result *result)
{
	u32 page, strayed = beside(device, was_written);

	result->overrun = strayed ? (uintptr_t)frame_words(strayed) : 0;
	result->stale = 0;
	result->corrupt = 0;
	for (page = 0; page < device->ring_pages; page++) {
		enum page seen = check_page(device, page);

		result->stale += seen == PAGE_STALE;
		result->corrupt += seen == PAGE_CORRUPT;
	}
	result->read = !device->ring_pages ? "none" : reads_memory(device) ? "ok" : "bad";
}
