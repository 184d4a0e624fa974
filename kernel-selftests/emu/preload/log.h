/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The library's log: one JSON object per line on standard error, where QEMU's
 * own messages and trace events go too, so that their order is the true one.
 */
#ifndef PRELOAD_LOG_H
#define PRELOAD_LOG_H

void log_start(void);

/*
 * One event.  `device` is "" where there is none; `format` makes the event's
 * own members, such as "\"vector\":%u", or is "".
 */
void log_event(const char *device, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A request that nothing here knows, which got ENOTTY. */
void log_unknown_ioctl(const char *device, unsigned int request, int fd);

#endif
