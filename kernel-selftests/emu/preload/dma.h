/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a device's writes go: the mappings of I/O virtual addresses that QEMU
 * made (in a container or an I/O address space of iommufd), and the domains that
 * note the pages that were written.
 *
 * One lock covers all of it, and the attachment of devices too: migrations
 * take seconds, the lock is held for microseconds.  It may be taken while a
 * device's own lock is held, not the other way round.
 */
#ifndef PRELOAD_DMA_H
#define PRELOAD_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dirty.h"

/* The last I/O virtual address that can be mapped: 48 bits, as with most IOMMUs. */
#define DMA_LAST_IOVA ((1ull << 48) - 1)

struct mapping {
	uint64_t iova, size;
	char *memory;
	bool readable, writeable;
	bool owned; /* `memory` is a mapping of this library's, of a file that QEMU gave */
};

struct address_space {
	struct mapping *mappings;
	size_t count, room;
};

/* What a device is attached to: an address space, whose IOMMU may note written pages. */
struct dma_domain {
	struct address_space *space;
	bool tracking;
	struct dirty_set dirty;
};

void dma_lock(void);
void dma_unlock(void);

/*
 * The functions below want the lock held. They return 0 or a negative errno
 * value as VFIO's and iommufd's ioctls do, and log.
 */
int space_map(struct address_space *space, const struct mapping *mapping);
/*
 * Unmaps all that lies in the range; *unmapped becomes the number of bytes.
 * -EINVAL: the range would cut a mapping in two.
 */
int space_unmap(struct address_space *space, uint64_t iova, uint64_t last, uint64_t *unmapped);
/* The range begins and ends where mappings do. */
bool space_has_edges(const struct address_space *space, uint64_t iova, uint64_t last);
void space_clear(struct address_space *space);
/* A device's access: -EFAULT if that is not mapped for it, wholly or partly. */
int space_write(const struct address_space *space, uint64_t iova, const void *data, uint32_t bytes);
int space_read(const struct address_space *space, uint64_t iova, void *data, uint32_t bytes);

/* `by` is what the log calls the tracker; the results go to the log too. */
void domain_track(struct dma_domain *domain, const char *by, bool on);
int domain_report(struct dma_domain *domain, const char *by, uint64_t iova, uint64_t bytes,
		  uint64_t page_size, uint64_t *bitmap, bool keep);
void domain_clear(struct dma_domain *domain);

void log_dirty(const char *device, const char *by, const char *operation, int64_t pages);

#endif
