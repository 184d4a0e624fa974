// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Eventfds.  A kernel would hold the file; here the descriptor's number is
 * kept until QEMU closes it, so that a device with 1000 vectors does not need
 * another 1000 descriptors.
 */
#define _GNU_SOURCE
#include "trigger.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "descriptors.h"
#include "log.h"
#include "system.h"

#define LATE_NS 10000000

/* One for each eventfd, however many vectors it serves: the last one is what the log says. */
struct trigger {
	const char *device, *index;
	uint32_t vector;
	int fd; /* -1: QEMU closed it */
	int users; /* vectors of the device, and the descriptor */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_eventfd(int fd)
{
	static const char wanted[] = "anon_inode:[eventfd]";
	char path[32], target[sizeof(wanted)];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target));
	return length == (ssize_t)sizeof(wanted) - 1 && !memcmp(target, wanted, (size_t)length);
}

static int64_t trigger_read(struct descriptor *descriptor, void *buffer, size_t bytes)
{
	const struct trigger *trigger = descriptor->object;
	ssize_t result = system_read(descriptor->fd, buffer, bytes);

	if (result < 0)
		return -errno;
	log_event(trigger->device, "irq-consume", "\"index\":\"%s\",\"vector\":%u", trigger->index,
		  trigger->vector);
	return result;
}

static void drop_user(struct trigger *trigger, bool closed)
{
	int left, fd;

	pthread_mutex_lock(&lock);
	if (closed)
		trigger->fd = -1;
	left = --trigger->users;
	fd = trigger->fd;
	pthread_mutex_unlock(&lock);
	if (!left)
		free(trigger);
	else if (left == 1 && fd >= 0)
		descriptor_remove(fd, trigger);
}

static void trigger_release(struct descriptor *descriptor)
{
	drop_user(descriptor->object, true);
}

static const struct descriptor_operations trigger_operations = {
	.read = trigger_read,
	.release = trigger_release,
};

static struct trigger *new_trigger(int fd, const char *device)
{
	struct trigger *trigger = is_eventfd(fd) ? calloc(1, sizeof(*trigger)) : NULL;

	if (!trigger)
		return NULL;
	trigger->fd = fd;
	trigger->users = 1;
	if (!descriptor_adopt(fd, &trigger_operations, trigger, device))
		return trigger;
	free(trigger);
	return NULL;
}

/* NULL: `fd` is of another kind, or new. */
static struct trigger *known_trigger(struct descriptor *descriptor)
{
	if (!descriptor || descriptor->operations != &trigger_operations)
		return NULL;
	return descriptor->object;
}

struct trigger *trigger_get(int fd, const char *device, const char *index, uint32_t vector)
{
	struct descriptor *descriptor = descriptor_get(fd);
	struct trigger *trigger = known_trigger(descriptor);

	if (!descriptor)
		trigger = new_trigger(fd, device);
	if (trigger) {
		pthread_mutex_lock(&lock);
		trigger->users++;
		trigger->device = device;
		trigger->index = index;
		trigger->vector = vector;
		pthread_mutex_unlock(&lock);
	}
	if (descriptor)
		descriptor_put(descriptor);
	return trigger;
}

void trigger_put(struct trigger *trigger)
{
	drop_user(trigger, false);
}

void trigger_signal(struct trigger *trigger)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&lock);
	/* EAGAIN: the counter is at its maximum, so QEMU has an event to read already. */
	if (trigger->fd >= 0 && system_write(trigger->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_event(trigger->device, "signal-failed",
			  "\"index\":\"%s\",\"vector\":%u,\"errno\":%d", trigger->index,
			  trigger->vector, errno);
	pthread_mutex_unlock(&lock);
}

static void *signal_after_a_while(void *trigger)
{
	const struct timespec while_away = { .tv_nsec = LATE_NS };

	nanosleep(&while_away, NULL);
	trigger_signal(trigger);
	trigger_put(trigger);
	return NULL;
}

void trigger_signal_late(struct trigger *trigger)
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	trigger->users++;
	pthread_mutex_unlock(&lock);
	if (!pthread_create(&thread, NULL, signal_after_a_while, trigger)) {
		pthread_detach(thread);
		return;
	}
	trigger_signal(trigger);
	trigger_put(trigger);
}
