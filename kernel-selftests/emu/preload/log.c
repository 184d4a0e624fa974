// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the log.  Each line is one write(2), so lines never mix with those of
 * QEMU; number and time are taken under the same lock as the write, so the
 * lines of one process are in the order of both.
 */
#define _GNU_SOURCE
#include "log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "system.h"

#define LOG_VERSION 1
#define LINE_SIZE   1024

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t next_number;

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Everything but the event's own members; what a line holds at least. */
static int begin_line(char *line, const char *device, const char *event)
{
	return snprintf(line, LINE_SIZE,
			"{\"emu\":1,\"n\":%" PRIu64 ",\"t\":%" PRIu64
			",\"device\":\"%s\",\"event\":\"%s\"",
			next_number, nanoseconds(CLOCK_MONOTONIC), device, event);
}

void log_event(const char *device, const char *event, const char *format, ...)
{
	char members[LINE_SIZE / 2] = "";
	char line[LINE_SIZE];
	va_list arguments;
	int length, wanted;

	va_start(arguments, format);
	wanted = vsnprintf(members, sizeof(members), format, arguments);
	va_end(arguments);
	if (wanted < 0 || (size_t)wanted >= sizeof(members))
		snprintf(members, sizeof(members), "\"truncated\":true");

	pthread_mutex_lock(&log_lock);
	length = begin_line(line, device, event);
	length += snprintf(line + length, LINE_SIZE - (size_t)length, "%s%s}\n",
			   members[0] ? "," : "", members);
	next_number++;
	/* A failure cannot be reported: this is where messages go. */
	if (system_write(STDERR_FILENO, line, (size_t)length) < 0)
		next_number--;
	pthread_mutex_unlock(&log_lock);
}

void log_unknown_ioctl(const char *device, unsigned int request, int fd)
{
	log_event(device, "unknown-ioctl", "\"request\":%u,\"fd\":%d", request, fd);
}

void log_start(void)
{
	log_event("", "start",
		  "\"mono_ns\":%" PRIu64 ",\"real_ns\":%" PRIu64 ",\"pid\":%d,\"version\":%d",
		  nanoseconds(CLOCK_MONOTONIC), nanoseconds(CLOCK_REALTIME), (int)getpid(),
		  LOG_VERSION);
}
