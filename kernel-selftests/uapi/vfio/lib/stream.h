/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's data in memory: saved from one device, loaded into another. */
#ifndef VFIO_MIGRATION_LIB_STREAM_H
#define VFIO_MIGRATION_LIB_STREAM_H

#include "migration.h"

struct stream {
	u8 *data;
	size_t bytes, room;
	size_t first_read;	/* bytes that the first read gave */
	size_t pre_copy;	/* bytes that came before the device was stopped */
};

#define STREAM_READ (1 << 16)	/* bytes to read, or to write, at a time */

void stream_free(struct stream *stream);
void stream_add(struct stream *stream, const void *data, size_t bytes);
struct stream stream_copy(const struct stream *stream);
bool stream_equal(const struct stream *a, const struct stream *b);

/* Reads until the end, in pieces of `piece` bytes at most. */
int stream_read(struct device *device, struct stream *stream, size_t piece);
/* Reads while there is something in pre-copy. */
int stream_read_pre_copy(struct device *device, struct stream *stream, size_t piece);
int stream_write(struct device *device, const void *data, size_t bytes, size_t piece);

/*
 * A device's whole state: goes from whatever state by STOP_COPY to STOP.  With
 * pre-copy, it begins in a running device's PRE_COPY.
 */
int stream_save(struct device *device, struct stream *stream, bool pre_copy);
/* By RESUMING to STOP. */
int stream_load(struct device *device, const struct stream *stream);

#endif
