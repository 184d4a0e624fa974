/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of pages that were written, by I/O virtual address.  All three trackers
 * of VFIO (a device's own log, a container, an iommufd page table) use it.
 */
#ifndef PRELOAD_DIRTY_H
#define PRELOAD_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

#define DIRTY_PAGE_SIZE 4096

struct dirty_chunk;

/* Zeroed: empty. The caller serialises calls. */
struct dirty_set {
	struct dirty_chunk *chunks;
};

int dirty_add(struct dirty_set *set, uint64_t iova, uint64_t bytes); /* 0 or -ENOMEM */
void dirty_clear(struct dirty_set *set);

/*
 * Sets the bit in `bitmap` (one per `page_size` bytes from `iova`) of each page
 * of the range that is in the set, and, unless `keep`, takes it out of the set.
 * Bits are only set, never cleared, as the kernel does.  Returns the number of
 * pages, or -EINVAL: page_size is no power of two of 4096 or more, or the range
 * is not made of such pages.
 */
int64_t dirty_report(struct dirty_set *set, uint64_t iova, uint64_t bytes, uint64_t page_size,
		     uint64_t *bitmap, bool keep);

#endif
