// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest at work.  At each turn every device raises an interrupt of the next
 * vector that has none outstanding, since an answer is one for all before it,
 * and writes a page of its ring.  Vector 0 is left to the device, which may
 * raise it by itself at any time.  The processor itself keeps a journal: each
 * entry goes to another one of a few pages, so that pages which a migration has
 * left behind have another entry than is due to them.  That is looked at before
 * a page is written again, which a guest at work does soon after it has moved.
 */
#include "traffic.h"

#include "device.h"
#include "interrupt.h"
#include "machine.h"
#include "ring.h"

#define JOURNAL_PAGES	16

static struct {
	bool busy;
	u32 microseconds;
	u64 last;	/* in ticks: when something was done */
	u32 turn;
	u32 vector[MAX_DEVICES];
} traffic;

static struct {
	volatile u32 *pages[JOURNAL_PAGES];
	u32 written;
	u32 stale;	/* pages that were old when they were written again */
} journal;

static void open_journal(void)
{
	u32 page;

	for (page = 0; page < JOURNAL_PAGES; page++) {
		if (!journal.pages[page])
			journal.pages[page] = ring_take_page();
		*journal.pages[page] = 0;
	}
	journal.written = 0;
	journal.stale = 0;
}

/* The last entry whose number is `page`, counted round by round; 0: there is none yet. */
static u32 entry_due(u32 page)
{
	u32 behind = (journal.written - page) % JOURNAL_PAGES;

	return behind < journal.written ? journal.written - behind : 0;
}

static bool is_stale(u32 page)
{
	return *journal.pages[page] != entry_due(page);
}

static void write_journal(void)
{
	u32 page = (journal.written + 1) % JOURNAL_PAGES;

	journal.stale += is_stale(page);
	journal.written++;
	*journal.pages[page] = journal.written;
}

static u32 stale_pages(void)
{
	u32 page, stale = journal.stale;

	for (page = 0; page < JOURNAL_PAGES; page++)
		stale += is_stale(page);
	return stale;
}

static void raise_next(struct device *device, u32 *vector)
{
	u32 tries, first = device->vectors > 1;

	for (tries = first; tries < device->vectors; tries++) {
		*vector = *vector + 1 < device->vectors ? *vector + 1 : first;
		if (device->masked[*vector] || interrupt_waits(device, *vector))
			continue;
		device_write(device, REGISTER_RAISE, *vector);
		return;
	}
}

const char *traffic_begin(u32 microseconds)
{
	unsigned int i;

	for (i = 0; i < device_count; i++)
		if (!devices[i].vectors || !devices[i].ring_pages)
			return "needs interrupts and a ring";
	open_journal();
	traffic.microseconds = microseconds;
	traffic.busy = true;
	return NULL;
}

void traffic_end(struct traffic_result *result)
{
	traffic.busy = false;
	result->written = journal.written;
	result->stale = journal.written ? stale_pages() : 0;
}

bool traffic_step(void)
{
	unsigned int i;
	u64 now;
	u32 hertz;

	if (!traffic.busy)
		return false;
	machine_ticks(&now, &hertz);
	if (now - traffic.last < (u64)traffic.microseconds * (hertz / 1000000))
		return true;
	traffic.last = now;
	traffic.turn++;
	for (i = 0; i < device_count; i++) {
		raise_next(&devices[i], &traffic.vector[i]);
		device_write(&devices[i], REGISTER_KICK, traffic.turn % devices[i].ring_pages);
	}
	write_journal();
	return true;
}
