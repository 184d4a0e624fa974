/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA: the ring of pages that the device writes to and reads. */
#ifndef EMU_RING_H
#define EMU_RING_H

#include "platform.h"

struct emu_device;

void emu_write_ring_page(struct emu_device *device, u32 page);
/* Leaves a digest of the page in its register; page EMU_RING_PAGES is behind the longest ring. */
void emu_read_ring_page(struct emu_device *device, u32 page);
/*
 * Somebody asks for dirty pages: the device, if it runs, writes one more page of
 * its ring.  The host calls this before it reports.
 */
void emu_before_dirty_report(struct emu_device *device);
/* The device is about to stop: what it writes now, the last dirty report has to have. */
void emu_before_stop(struct emu_device *device);
/* false: the profile says dirty-report=drop. */
/* A page was written: is it in the log of those? */
bool emu_reports_dirty_pages(struct emu_device *device);

#endif
