/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file descriptors that this library answers for.  Each is a real one (of
 * a memfd, or QEMU's eventfd), so numbers never clash and mmap() works; what
 * the interposed functions do with it is in its operations.
 *
 * Any thread may use any descriptor: while a function runs on it, it holds a
 * reference, and `release` runs when it is closed and the last one is gone.
 */
#ifndef PRELOAD_DESCRIPTORS_H
#define PRELOAD_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct descriptor;

/*
 * All return negative errno values.  A missing operation: read and write go to
 * the kernel, ioctl is ENOTTY.
 */
struct descriptor_operations {
	const char *what; /* in the log; NULL: open and close are not logged */
	long (*ioctl)(struct descriptor *descriptor, unsigned int request, void *argument);
	int64_t (*read)(struct descriptor *descriptor, void *buffer, size_t bytes);
	int64_t (*write)(struct descriptor *descriptor, const void *buffer, size_t bytes);
	int64_t (*pread)(struct descriptor *descriptor, void *buffer, size_t bytes,
			 uint64_t offset);
	int64_t (*pwrite)(struct descriptor *descriptor, const void *buffer, size_t bytes,
			  uint64_t offset);
	void (*release)(struct descriptor *descriptor);
};

struct descriptor {
	const struct descriptor_operations *operations;
	void *object;
	const char *device; /* name of the device it belongs to, "" without one */
	int fd;
	int references; /* one of the table, one per function running on it */
};

/*
 * A new descriptor on a new, empty memfd, which is closed on exec.  Returns its
 * number, or -errno: then `release` is not called.
 */
int descriptor_create(const struct descriptor_operations *operations, void *object,
		      const char *device);

/* Takes over `fd`, which must be open, and not in the table.  0 or -errno. */
int descriptor_adopt(int fd, const struct descriptor_operations *operations, void *object,
		     const char *device);

/* The descriptor of that number with a reference, or NULL: not ours. */
struct descriptor *descriptor_get(int fd);
void descriptor_put(struct descriptor *descriptor);

/*
 * Forgets the number, as close() does; false: not ours.  `expected` is NULL, or
 * the object that it must still be.
 */
bool descriptor_remove(int fd, const void *expected);

#endif
