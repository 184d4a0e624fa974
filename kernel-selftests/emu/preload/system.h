/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls behind the functions that this library interposes, for its
 * own use and for file descriptors that are not emulated.  Going to
 * the kernel directly, instead of to the next definition by dlsym(), keeps the
 * library free of symbol versions that an older or newer C library may lack.
 */
#ifndef PRELOAD_SYSTEM_H
#define PRELOAD_SYSTEM_H

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "offsets are passed in one register: 64-bit hosts only");

static inline int system_open(const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static inline int system_access(const char *path, int mode)
{
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

static inline int system_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

static inline int system_ioctl(int fd, unsigned long request, void *argument)
{
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

static inline ssize_t system_read(int fd, void *buffer, size_t bytes)
{
	return syscall(SYS_read, fd, buffer, bytes);
}

static inline ssize_t system_write(int fd, const void *buffer, size_t bytes)
{
	return syscall(SYS_write, fd, buffer, bytes);
}

static inline ssize_t system_pread(int fd, void *buffer, size_t bytes, off_t offset)
{
	return syscall(SYS_pread64, fd, buffer, bytes, offset);
}

static inline ssize_t system_pwrite(int fd, const void *buffer, size_t bytes, off_t offset)
{
	return syscall(SYS_pwrite64, fd, buffer, bytes, offset);
}

#endif
