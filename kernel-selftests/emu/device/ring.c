// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ring of pages in guest memory that the device writes to; it reads them,
 * and the page behind them, when the guest asks it to.  They lie in a row, or
 * where a table in guest memory says: then each access reads that first.
 *
 * By itself the device writes according to a page's number, so that what is
 * wrong with one page is not put right by the next write:
 *
 *	p % 4 == 0, and all from LATE_FROM on	all of them, just before it stops
 *	p % 2 == 0	one, when somebody asks for dirty pages, each as often as others
 *	p % 4 == 1	one, every other time that somebody asks: each once and never again
 *	p % 4 == 3	never
 */
#include "ring.h"

#include "../../abi/content.h"
#include "bytes.h"
#include "config.h"
#include "faults.h"
#include "log.h"
#include "model.h"
#include "states.h"

#define TABLE_ENTRY	8
#define LATE_FROM	32

static u64 ring_address(const struct emu_device *device)
{
	const struct emu_registers *registers = &device->registers;

	return (u64)registers->ring_high << 32 | (registers->ring_low & ~(EMU_PAGE_SIZE - 1u));
}

static void log_write(struct emu_device *device, u32 page, u64 iova, int error)
{
	struct emu_text text = { .length = 0 };

	emu_text_number(&text, "page", page);
	emu_text_number(&text, "sequence", device->registers.sequences[page]);
	emu_text_number(&text, "iova", iova);
	emu_text_errno(&text, error);
	emu_log(device, "dma-write", &text);
}

static void log_read(struct emu_device *device, u32 page, u64 iova, int error)
{
	struct emu_text text = { .length = 0 };

	emu_text_number(&text, "page", page);
	emu_text_number(&text, "digest", device->registers.digest);
	emu_text_number(&text, "iova", iova);
	emu_text_errno(&text, error);
	emu_log(device, "dma-read", &text);
}

static void make_page(struct emu_device *device, u32 page, u32 sequence)
{
	u8 *bytes = (u8 *)device->page;
	u32 seed = device->registers.seed;
	u32 base = page_base(page, sequence, seed);
	u32 i;

	memset(bytes, 0, EMU_PAGE_SIZE);
	if (page_is_zero(sequence))
		return;
	emu_put32(bytes, PAGE_MAGIC);
	emu_put32(bytes + 4, page);
	emu_put32(bytes + 8, sequence);
	emu_put32(bytes + 12, seed);
	for (i = PAGE_HEADER; i < EMU_PAGE_SIZE / 4; i++)
		emu_put32(bytes + i * 4, page_word(base, i));
}

static int may_access(const struct emu_device *device)
{
	if (!emu_is_running(device))
		return -EPERM;
	return emu_is_bus_master(device) ? 0 : -EACCES;
}

/* Finds the page; *iova is what could not be read if that fails. */
static int find_page(struct emu_device *device, u32 page, u64 *iova)
{
	u8 entry[TABLE_ENTRY];
	int error = may_access(device);

	*iova = ring_address(device) + (u64)page * EMU_PAGE_SIZE;
	if (!(device->registers.ring_low & EMU_RING_IS_TABLE))
		return error;
	*iova = ring_address(device) + (u64)page * TABLE_ENTRY;
	if (!error)
		error = device->host->dma_read(device->context, *iova, entry, TABLE_ENTRY);
	if (!error)
		*iova = emu_get64(entry);
	return error;
}

void emu_write_ring_page(struct emu_device *device, u32 page)
{
	struct emu_registers *registers = &device->registers;
	int error;
	u64 iova;

	if (page >= registers->ring_pages)
		return;
	error = find_page(device, page, &iova);
	if (!error) {
		make_page(device, page, registers->sequences[page] + 1);
		error = device->host->dma_write(device->context, iova, device->page, EMU_PAGE_SIZE);
	}
	if (!error)
		registers->sequences[page]++;
	log_write(device, page, iova, error);
}

/* A read that fails gives all ones, as it does on PCI Express. */
void emu_read_ring_page(struct emu_device *device, u32 page)
{
	u32 digest = 0;
	int error;
	u64 iova;
	u32 i;

	if (!device->registers.ring_pages || page > EMU_RING_PAGES)
		return;
	error = find_page(device, page, &iova);
	if (!error)
		error = device->host->dma_read(device->context, iova, device->page, EMU_PAGE_SIZE);
	if (error)
		memset(device->page, 0xff, sizeof(device->page));
	for (i = 0; i < EMU_PAGE_SIZE; i += 4)
		digest = mix(digest ^ emu_get32((u8 *)device->page + i));
	device->registers.digest = digest;
	log_read(device, page, iova, error);
}

/*
 * The number-th of `count` pages, in an order that nobody can guess and each as
 * often as the others.
 */
static u32 shuffled(const struct emu_device *device, u32 number, u32 count)
{
	u32 start = mix(device->registers.seed ^ number / count);

	return (start + number) % count;
}

static u32 next_page(struct emu_device *device, u32 pages)
{
	u32 number = device->dirty_queries++;
	u32 once = (pages + 2) / 4;

	if (number % 2 && number / 2 < once)
		return shuffled(device, number / 2, once) * 4 + 1;
	return shuffled(device, number, (pages + 1) / 2) * 2;
}

/*
 * Also for a device without pre-copy: its guest's memory is copied while it
 * runs, and somebody asking for dirty pages is the sign of that.  By its profile
 * it may begin only after some reports, which are empty then.
 */
void emu_before_dirty_report(struct emu_device *device)
{
	u32 pages = device->registers.ring_pages;

	if (!pages || emu_is_asleep(device) || !emu_starts_transfers(device->state))
		return;
	if (device->quiet < device->profile.quiet_reports)
		device->quiet++;
	else
		emu_write_ring_page(device, next_page(device, pages));
}

void emu_before_stop(struct emu_device *device)
{
	u32 page;

	device->quiet = 0;
	if (emu_is_asleep(device))
		return;
	for (page = 0; page < device->registers.ring_pages; page++)
		if (page % 4 == 0 || page >= LATE_FROM)
			emu_write_ring_page(device, page);
}

bool emu_reports_dirty_pages(struct emu_device *device)
{
	if (device->profile.dirty_drop)
		return false;
	return emu_fault(device, EMU_OPERATION_DIRTY_PAGE, -1) != EMU_FAULT_SWALLOW;
}
