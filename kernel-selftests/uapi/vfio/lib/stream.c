// SPDX-License-Identifier: GPL-2.0-or-later
/* Saving and loading whole states. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void stream_free(struct stream *stream)
{
	free(stream->data);
	*stream = (struct stream){ 0 };
}

static void make_room(struct stream *stream, size_t bytes)
{
	while (stream->room < stream->bytes + bytes) {
		stream->room = stream->room ? 2 * stream->room : STREAM_READ;
		stream->data = realloc(stream->data, stream->room);
		if (!stream->data)
			exit(1);
	}
}

void stream_add(struct stream *stream, const void *data, size_t bytes)
{
	if (!bytes)
		return;
	make_room(stream, bytes);
	memcpy(stream->data + stream->bytes, data, bytes);
	stream->bytes += bytes;
}

struct stream stream_copy(const struct stream *stream)
{
	struct stream copy = { 0 };

	stream_add(&copy, stream->data, stream->bytes);
	copy.first_read = stream->first_read;
	copy.pre_copy = stream->pre_copy;
	return copy;
}

bool stream_equal(const struct stream *a, const struct stream *b)
{
	return a->bytes == b->bytes && (!a->bytes || !memcmp(a->data, b->data, a->bytes));
}

int stream_read(struct device *device, struct stream *stream, size_t piece)
{
	ssize_t done;

	do {
		make_room(stream, piece);
		done = migration_read(device, stream->data + stream->bytes, piece);
		if (done < 0)
			return (int)done;
		if (!stream->bytes)
			stream->first_read = done;
		stream->bytes += done;
	} while (done);
	return 0;
}

int stream_read_pre_copy(struct device *device, struct stream *stream, size_t piece)
{
	int error = stream_read(device, stream, piece);

	stream->pre_copy = stream->bytes;
	/* What is new may never end. */
	return error == -ENOMSG ? 0 : error;
}

int stream_write(struct device *device, const void *data, size_t bytes, size_t piece)
{
	const u8 *at = data;

	while (bytes) {
		ssize_t done = migration_write(device, at, bytes < piece ? bytes : piece);

		if (done <= 0)
			return done ? (int)done : -EIO;
		at += done;
		bytes -= done;
	}
	return 0;
}

int stream_save(struct device *device, struct stream *stream, bool pre_copy)
{
	int error = 0;

	if (pre_copy) {
		error = migration_set_state(device, VFIO_DEVICE_STATE_PRE_COPY);
		if (!error)
			error = stream_read_pre_copy(device, stream, STREAM_READ);
	}
	if (!error)
		error = migration_set_state(device, VFIO_DEVICE_STATE_STOP_COPY);
	if (!error)
		error = stream_read(device, stream, STREAM_READ);
	return error ?: migration_set_state(device, VFIO_DEVICE_STATE_STOP);
}

int stream_load(struct device *device, const struct stream *stream)
{
	int error = migration_set_state(device, VFIO_DEVICE_STATE_RESUMING);

	if (!error)
		error = stream_write(device, stream->data, stream->bytes, STREAM_READ);
	return error ?: migration_set_state(device, VFIO_DEVICE_STATE_STOP);
}
