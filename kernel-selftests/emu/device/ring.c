// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ring of pages in guest memory that the device writes to.
 */
#include "ring.h"

#include "bytes.h"
#include "hash.h"
#include "log.h"
#include "model.h"
#include "states.h"

#define PAGE_MAGIC	0x71706467

static void log_dma(struct emu_device *device, u32 page, u32 sequence, u64 iova, int error)
{
	struct emu_text text = { .length = 0 };

	emu_text_number(&text, "page", page);
	emu_text_number(&text, "sequence", sequence);
	emu_text_number(&text, "iova", iova);
	emu_text_errno(&text, error);
	emu_log(device, "dma-write", &text);
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

void emu_write_ring_page(struct emu_device *device, u32 page)
{
	struct emu_registers *registers = &device->registers;
	u64 ring = (u64)registers->ring_high << 32 | registers->ring_low;
	u64 iova = ring + (u64)page * EMU_PAGE_SIZE;
	int error;

	if (page >= registers->ring_pages)
		return;
	if (!emu_is_running(device)) {
		log_dma(device, page, registers->sequences[page], iova, -EPERM);
		return;
	}
	make_page(device, page, registers->sequences[page] + 1);
	error = device->host->dma_write(device->context, iova, device->page, EMU_PAGE_SIZE);
	if (!error)
		registers->sequences[page]++;
	log_dma(device, page, registers->sequences[page], iova, error);
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
		emu_write_ring_page(device, device->dirty_queries++ % pages);
}

bool emu_reports_dirty_pages(const struct emu_device *device)
{
	return !device->profile.dirty_drop;
}
