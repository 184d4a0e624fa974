/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program asks of Linux. A result below 0 is -errno. */
#ifndef LINUX_SYSTEM_H
#define LINUX_SYSTEM_H

#include "../types.h"

int system_open(const char *path);		/* for reading and writing, or for reading */
long system_read(int file, void *to, size_t bytes);
bool system_readable(int file);			/* now, without waiting */
long system_write(int file, const void *from, size_t bytes);
long system_read_at(int file, void *to, size_t bytes, u64 offset);
long system_write_at(int file, const void *from, size_t bytes, u64 offset);
void system_close(int file);
bool system_mount(const char *type, const char *place);	/* makes the directory */
bool system_load_module(const char *path);
bool system_map(int file, u64 offset, u64 bytes, uintptr_t place);
void system_make_raw(int terminal);	/* no echo, no lines, no signals */
int system_timer(void);		/* can be read once it has expired */
void system_start_timer(int timer, u32 milliseconds);
void system_power_off(void) __attribute__((noreturn));

#endif
