// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The entry points of the C library that QEMU uses for VFIO, taken over: what
 * they do with paths and descriptors of emulated devices is in the other files;
 * all else goes to the kernel.
 *
 * The library acts in QEMU only, if QPATCH_EMU names a devices.conf.  Elsewhere
 * (a wrapper script's shell, env) it does nothing and stays in the environment;
 * in QEMU it takes itself out of it, so that children are left alone.
 */
#undef _FORTIFY_SOURCE /* else headers define some of these functions themselves */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "descriptors.h"
#include "devices.h"
#include "group.h"
#include "iommufd.h"
#include "log.h"
#include "system.h"

#define EXPORT __attribute__((visibility("default")))

#define PROGRAM_PREFIX "qemu-system-"
#define NOT_OURS       (-ENXIO)

static bool active;

/* What follows `prefix` in `path`; NULL: it does not begin so, or there is a further directory. */
static const char *after(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(path, prefix, length) || strchr(path + length, '/'))
		return NULL;
	return path + length;
}

/* A descriptor, -errno, or NOT_OURS. */
static int open_emulated(const char *path)
{
	struct emulated_device *device;
	const char *name;
	int fd;

	if (!active || strncmp(path, "/dev/", 5))
		return NOT_OURS;
	if (!strcmp(path, "/dev/iommu"))
		return iommufd_open();
	if (!strcmp(path, "/dev/vfio/vfio"))
		return container_open();
	name = after(path, "/dev/vfio/devices/");
	if (name) {
		device = device_by_cdev(name);
		return device ? cdev_open(device) : NOT_OURS;
	}
	name = after(path, "/dev/vfio/");
	if (!name)
		return NOT_OURS;
	fd = group_open(name);
	return fd == -ENOENT ? NOT_OURS : fd;
}

static long with_errno(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static int open_any(const char *path, int flags, mode_t mode)
{
	int fd = open_emulated(path);

	return fd == NOT_OURS ? system_open(path, flags, mode) : (int)with_errno(fd);
}

/* The mode that follows `flags`, if they ask for one. */
#define MODE_ARGUMENT(flags, mode)                          \
	do {                                                \
		va_list arguments;                          \
                                                            \
		va_start(arguments, flags);                 \
		if ((flags) & (O_CREAT | __O_TMPFILE))      \
			(mode) = va_arg(arguments, mode_t); \
		va_end(arguments);                          \
	} while (0)

EXPORT int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_any(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_any(path, flags, mode);
}

EXPORT int __open_2(const char *path, int flags)
{
	return open_any(path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
	return open_any(path, flags, 0);
}

EXPORT int close(int fd)
{
	/* First, so that nobody takes a new descriptor of this number for the old one. */
	descriptor_remove(fd, NULL);
	return system_close(fd);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	struct descriptor *descriptor = descriptor_get(fd);
	va_list arguments;
	void *argument;
	long result;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!descriptor)
		return system_ioctl(fd, request, argument);
	if (descriptor->operations->ioctl)
		result = with_errno(
			descriptor->operations->ioctl(descriptor, (unsigned int)request, argument));
	else
		result = system_ioctl(fd, request, argument);
	descriptor_put(descriptor);
	return (int)result;
}

EXPORT ssize_t read(int fd, void *buffer, size_t bytes)
{
	struct descriptor *descriptor = descriptor_get(fd);
	ssize_t result;

	if (!descriptor)
		return system_read(fd, buffer, bytes);
	if (descriptor->operations->read)
		result = with_errno(descriptor->operations->read(descriptor, buffer, bytes));
	else
		result = system_read(fd, buffer, bytes);
	descriptor_put(descriptor);
	return result;
}

EXPORT ssize_t write(int fd, const void *buffer, size_t bytes)
{
	struct descriptor *descriptor = descriptor_get(fd);
	ssize_t result;

	if (!descriptor)
		return system_write(fd, buffer, bytes);
	if (descriptor->operations->write)
		result = with_errno(descriptor->operations->write(descriptor, buffer, bytes));
	else
		result = system_write(fd, buffer, bytes);
	descriptor_put(descriptor);
	return result;
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t bytes, off64_t offset)
{
	struct descriptor *descriptor = descriptor_get(fd);
	ssize_t result;

	if (!descriptor)
		return system_pread(fd, buffer, bytes, offset);
	if (descriptor->operations->pread)
		result = with_errno(
			descriptor->operations->pread(descriptor, buffer, bytes, (uint64_t)offset));
	else
		result = system_pread(fd, buffer, bytes, offset);
	descriptor_put(descriptor);
	return result;
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t bytes, off64_t offset)
{
	struct descriptor *descriptor = descriptor_get(fd);
	ssize_t result;

	if (!descriptor)
		return system_pwrite(fd, buffer, bytes, offset);
	if (descriptor->operations->pwrite)
		result = with_errno(descriptor->operations->pwrite(descriptor, buffer, bytes,
								   (uint64_t)offset));
	else
		result = system_pwrite(fd, buffer, bytes, offset);
	descriptor_put(descriptor);
	return result;
}

EXPORT ssize_t pread(int fd, void *buffer, size_t bytes, off_t offset)
{
	return pread64(fd, buffer, bytes, offset);
}

EXPORT ssize_t pwrite(int fd, const void *buffer, size_t bytes, off_t offset)
{
	return pwrite64(fd, buffer, bytes, offset);
}

/* The variants of programs built with _FORTIFY_SOURCE: `size` is what the buffer has room for. */
extern void __chk_fail(void) __attribute__((noreturn));

EXPORT ssize_t __read_chk(int fd, void *buffer, size_t bytes, size_t size)
{
	if (bytes > size)
		__chk_fail();
	return read(fd, buffer, bytes);
}

EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t bytes, off64_t offset, size_t size)
{
	if (bytes > size)
		__chk_fail();
	return pread64(fd, buffer, bytes, offset);
}

EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t bytes, off_t offset, size_t size)
{
	return __pread64_chk(fd, buffer, bytes, offset, size);
}

/*
 * By the name of the program, which is not the executable if that is a dynamic
 * loader that was told to run it, or by that of the executable, as the program
 * may have been called by a link of another name.
 */
static bool is_qemu(void)
{
	char executable[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", executable, sizeof(executable) - 1);
	const char *name;

	if (!strncmp(program_invocation_short_name, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)))
		return true;
	if (length < 0)
		return false;
	executable[length] = '\0';
	name = strrchr(executable, '/');
	return name && !strncmp(name + 1, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX));
}

static void __attribute__((constructor)) start(void)
{
	const char *path = getenv("QPATCH_EMU");

	if (!path || !is_qemu())
		return;
	log_start();
	conf_read(path);
	unsetenv("LD_PRELOAD");
	unsetenv("QPATCH_EMU");
	active = true;
}
