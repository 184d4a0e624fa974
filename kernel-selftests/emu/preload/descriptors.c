// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of emulated file descriptors, indexed by number.
 */
#define _GNU_SOURCE
#include "descriptors.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "log.h"
#include "system.h"

#define MAX_FDS 65536

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
/* Read without the lock to see at once that a number is not ours, which is nearly always so. */
static _Atomic(struct descriptor *) table[MAX_FDS];

int descriptor_adopt(int fd, const struct descriptor_operations *operations, void *object,
		     const char *device)
{
	struct descriptor *descriptor;

	if (fd < 0 || fd >= MAX_FDS)
		return -EMFILE;
	descriptor = calloc(1, sizeof(*descriptor));
	if (!descriptor)
		return -ENOMEM;
	*descriptor = (struct descriptor){ operations, object, device, fd, 1 };
	atomic_store(&table[fd], descriptor);
	if (operations->what)
		log_event(device, "open", "\"what\":\"%s\",\"fd\":%d", operations->what, fd);
	return 0;
}

int descriptor_create(const struct descriptor_operations *operations, void *object,
		      const char *device)
{
	int fd = memfd_create(operations->what, MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = descriptor_adopt(fd, operations, object, device);
	if (error) {
		system_close(fd);
		return error;
	}
	return fd;
}

struct descriptor *descriptor_get(int fd)
{
	struct descriptor *descriptor;

	if (fd < 0 || fd >= MAX_FDS || !atomic_load_explicit(&table[fd], memory_order_acquire))
		return NULL;
	pthread_mutex_lock(&table_lock);
	descriptor = atomic_load(&table[fd]);
	if (descriptor)
		descriptor->references++;
	pthread_mutex_unlock(&table_lock);
	return descriptor;
}

void descriptor_put(struct descriptor *descriptor)
{
	int left;

	pthread_mutex_lock(&table_lock);
	left = --descriptor->references;
	pthread_mutex_unlock(&table_lock);
	if (left)
		return;
	if (descriptor->operations->what)
		log_event(descriptor->device, "close", "\"what\":\"%s\",\"fd\":%d",
			  descriptor->operations->what, descriptor->fd);
	if (descriptor->operations->release)
		descriptor->operations->release(descriptor);
	free(descriptor);
}

bool descriptor_remove(int fd, const void *expected)
{
	struct descriptor *descriptor;

	if (fd < 0 || fd >= MAX_FDS || !atomic_load_explicit(&table[fd], memory_order_acquire))
		return false;
	pthread_mutex_lock(&table_lock);
	descriptor = atomic_load(&table[fd]);
	if (descriptor && expected && descriptor->object != expected)
		descriptor = NULL;
	if (descriptor)
		atomic_store(&table[fd], NULL);
	pthread_mutex_unlock(&table_lock);
	if (descriptor)
		descriptor_put(descriptor);
	return descriptor;
}
