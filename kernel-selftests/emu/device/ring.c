// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ring of pages in guest memory that the device writes to; it reads them,
 * and the page behind them, when the guest asks it to.
 */
#include "ring.h"

#include "bytes.h"
#include "config.h"
#include "hash.h"
#include "log.h"
#include "model.h"
#include "states.h"

#define PAGE_MAGIC	0x71706467

static u64 page_address(const struct emu_device *device, u32 page)
{
	const struct emu_registers *registers = &device->registers;

	return ((u64)registers->ring_high << 32 | registers->ring_low) + (u64)page * EMU_PAGE_SIZE;
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
	u32 base = seed ^ page * 0x9e3779b9u ^ sequence * 0x85ebca6bu;
	u32 i;

	emu_put32(bytes, PAGE_MAGIC);
	emu_put32(bytes + 4, page);
	emu_put32(bytes + 8, sequence);
	emu_put32(bytes + 12, seed);
	for (i = 4; i < EMU_PAGE_SIZE / 4; i++)
		emu_put32(bytes + i * 4, emu_mix(base ^ i * 0xc2b2ae35u));
}

static int access_memory(struct emu_device *device, u64 iova, bool write)
{
	const struct emu_host *host = device->host;

	if (!emu_is_bus_master(device))
		return -EACCES;
	if (write)
		return host->dma_write(device->context, iova, device->page, EMU_PAGE_SIZE);
	return host->dma_read(device->context, iova, device->page, EMU_PAGE_SIZE);
}

void emu_write_ring_page(struct emu_device *device, u32 page)
{
	struct emu_registers *registers = &device->registers;
	u64 iova = page_address(device, page);
	int error;

	if (page >= registers->ring_pages)
		return;
	if (!emu_is_running(device)) {
		log_write(device, page, iova, -EPERM);
		return;
	}
	make_page(device, page, registers->sequences[page] + 1);
	error = access_memory(device, iova, true);
	if (!error)
		registers->sequences[page]++;
	log_write(device, page, iova, error);
}

/* A read that fails gives all ones, as it does on PCI Express. */
void emu_read_ring_page(struct emu_device *device, u32 page)
{
	u64 iova = page_address(device, page);
	int error = -EPERM;
	u32 digest = 0;
	u32 i;

	if (!device->registers.ring_pages || page > EMU_RING_PAGES)
		return;
	if (emu_is_running(device))
		error = access_memory(device, iova, false);
	if (error)
		memset(device->page, 0xff, sizeof(device->page));
	for (i = 0; i < EMU_PAGE_SIZE; i += 4)
		digest = emu_mix(digest ^ emu_get32((u8 *)device->page + i));
	device->registers.digest = digest;
	log_read(device, page, iova, error);
}

/*
 * Every other page, in an order that nobody can guess and each as often as the
 * others: a tracker that is wrong by a page or reports whole words is not put
 * right by the next write.
 */
static u32 next_page(struct emu_device *device, u32 pages)
{
	u32 half = (pages + 1) / 2;
	u32 number = device->dirty_queries++;
	u32 start = emu_mix(device->registers.seed ^ number / half);

	return (start + number) % half * 2;
}

/*
 * Also for a device without pre-copy: its guest's memory is copied while it
 * runs, and somebody asking for dirty pages is the sign of that.
 */
void emu_before_dirty_report(struct emu_device *device)
{
	u32 pages = device->registers.ring_pages;

	if (device->state != VFIO_DEVICE_STATE_RUNNING &&
	    device->state != (int)VFIO_DEVICE_STATE_PRE_COPY)
		return;
	if (pages)
		emu_write_ring_page(device, next_page(device, pages));
}

bool emu_reports_dirty_pages(const struct emu_device *device)
{
	return !device->profile.dirty_drop;
}
