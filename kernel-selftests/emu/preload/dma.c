// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mappings of I/O virtual addresses, accesses through them, and trackers.
 */
#define _GNU_SOURCE
#include "dma.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void dma_lock(void)
{
	pthread_mutex_lock(&lock);
}

void dma_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static uint64_t mapping_last(const struct mapping *mapping)
{
	return mapping->iova + mapping->size - 1;
}

static struct mapping *find_mapping(const struct address_space *space, uint64_t iova)
{
	size_t i;

	for (i = 0; i < space->count; i++)
		if (iova - space->mappings[i].iova < space->mappings[i].size)
			return &space->mappings[i];
	return NULL;
}

static bool overlaps(const struct address_space *space, uint64_t iova, uint64_t last)
{
	size_t i;

	for (i = 0; i < space->count; i++)
		if (iova <= mapping_last(&space->mappings[i]) && last >= space->mappings[i].iova)
			return true;
	return false;
}

static int try_map(struct address_space *space, const struct mapping *mapping)
{
	uint64_t last = mapping_last(mapping);

	if (!mapping->size || (mapping->iova | mapping->size) % DIRTY_PAGE_SIZE ||
	    last < mapping->iova || last > DMA_LAST_IOVA)
		return -EINVAL;
	if (overlaps(space, mapping->iova, last))
		return -EEXIST;
	if (space->count == space->room) {
		size_t room = space->room ? 2 * space->room : 16;
		struct mapping *larger = reallocarray(space->mappings, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		space->mappings = larger;
		space->room = room;
	}
	space->mappings[space->count++] = *mapping;
	return 0;
}

int space_map(struct address_space *space, const struct mapping *mapping)
{
	int error = try_map(space, mapping);

	log_event("", "dma-map",
		  "\"iova\":%" PRIu64 ",\"size\":%" PRIu64 ",\"write\":%s,\"errno\":%d",
		  mapping->iova, mapping->size, mapping->writeable ? "true" : "false", -error);
	return error;
}

static void drop_mapping(struct address_space *space, size_t i)
{
	if (space->mappings[i].owned)
		munmap(space->mappings[i].memory, space->mappings[i].size);
	space->mappings[i] = space->mappings[--space->count];
}

bool space_has_edges(const struct address_space *space, uint64_t iova, uint64_t last)
{
	const struct mapping *first_mapping = find_mapping(space, iova);
	const struct mapping *last_mapping = find_mapping(space, last);

	return (!first_mapping || first_mapping->iova == iova) &&
	       (!last_mapping || mapping_last(last_mapping) == last);
}

int space_unmap(struct address_space *space, uint64_t iova, uint64_t last, uint64_t *unmapped)
{
	int error = space_has_edges(space, iova, last) ? 0 : -EINVAL;
	size_t i = 0;

	*unmapped = 0;
	while (!error && i < space->count) {
		if (space->mappings[i].iova >= iova && mapping_last(&space->mappings[i]) <= last) {
			*unmapped += space->mappings[i].size;
			drop_mapping(space, i);
		} else {
			i++;
		}
	}
	log_event("", "dma-unmap",
		  "\"iova\":%" PRIu64 ",\"size\":%" PRIu64 ",\"unmapped\":%" PRIu64 ",\"errno\":%d",
		  iova, last - iova + 1, *unmapped, -error);
	return error;
}

void space_clear(struct address_space *space)
{
	while (space->count)
		drop_mapping(space, space->count - 1);
	free(space->mappings);
	*space = (struct address_space){ 0 };
}

void log_dirty(const char *device, const char *by, const char *operation, int64_t pages)
{
	log_event(device, "dirty",
		  "\"by\":\"%s\",\"operation\":\"%s\",\"pages\":%" PRId64 ",\"errno\":%d", by,
		  operation, pages < 0 ? 0 : pages, pages < 0 ? (int)-pages : 0);
}

void domain_track(struct dma_domain *domain, const char *by, bool on)
{
	domain->tracking = on;
	dirty_clear(&domain->dirty);
	log_dirty("", by, on ? "start" : "stop", 0);
}

int domain_report(struct dma_domain *domain, const char *by, uint64_t iova, uint64_t bytes,
		  uint64_t page_size, uint64_t *bitmap, bool keep)
{
	int64_t pages = -EINVAL;

	if (domain->tracking)
		pages = dirty_report(&domain->dirty, iova, bytes, page_size, bitmap, keep);
	log_dirty("", by, keep ? "peek" : "report", pages);
	return pages < 0 ? (int)pages : 0;
}

void domain_clear(struct dma_domain *domain)
{
	domain->tracking = false;
	dirty_clear(&domain->dirty);
}

static char *mapped(const struct address_space *space, uint64_t iova, uint32_t bytes, bool write,
		    uint32_t *length)
{
	const struct mapping *mapping = find_mapping(space, iova);
	uint64_t room;

	if (!mapping || !(write ? mapping->writeable : mapping->readable))
		return NULL;
	room = mapping_last(mapping) - iova + 1;
	*length = room < bytes ? (uint32_t)room : bytes;
	return mapping->memory + (iova - mapping->iova);
}

int space_write(const struct address_space *space, uint64_t iova, const void *data, uint32_t bytes)
{
	const char *source = data;
	uint32_t length;
	char *memory;

	for (; bytes; iova += length, source += length, bytes -= length) {
		memory = mapped(space, iova, bytes, true, &length);
		if (!memory)
			return -EFAULT;
		memcpy(memory, source, length);
	}
	return 0;
}

int space_read(const struct address_space *space, uint64_t iova, void *data, uint32_t bytes)
{
	char *target = data;
	const char *memory;
	uint32_t length;

	for (; bytes; iova += length, target += length, bytes -= length) {
		memory = mapped(space, iova, bytes, false, &length);
		if (!memory)
			return -EFAULT;
		memcpy(target, memory, length);
	}
	return 0;
}
