// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The entry points of the C library that QEMU uses for VFIO, taken over: what
 * they do with paths and descriptors of emulated devices is in the other files;
 * all else goes to the kernel.
 *
 * The library acts in QEMU, if QPATCH_EMU names a devices.conf, and in programs
 * whose names begin with what QPATCH_EMU_PROGRAM says.  Elsewhere (a wrapper
 * script's shell, env) it does nothing and stays in the environment; where it
 * acts it takes itself out of it, so that children are left alone.
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
#include "container.h"
#include "descriptors.h"
#include "device-file.h"
#include "devices.h"
#include "group.h"
#include "iommufd.h"
#include "log.h"
#include "system.h"

#define EXPORT __attribute__((visibility("default")))

#define QEMU_PREFIX "qemu"	/* qemu-system-aarch64, qemu-kvm */
#define NOT_OURS    (-ENXIO)

static bool active;

/* What follows `prefix` in `path`; NULL: it does not begin so, or there is a further directory. */
static const char *after(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(path, prefix, length) || strchr(path + length, '/'))
		return NULL;
	return path + length;
}

/* Besides groups, which QEMU opens without a look whether they are there. */
static bool is_emulated(const char *path)
{
	const char *cdev = after(path, "/dev/vfio/devices/");

	return active && (!strcmp(path, "/dev/iommu") || !strcmp(path, "/dev/vfio/vfio") ||
			  (cdev && device_by_cdev(cdev)));
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

/*
 * QEMU 11.1 looks for /dev/iommu before it opens it. Who runs this may do
 * everything with what is emulated.
 */
EXPORT int access(const char *path, int mode)
{
	return is_emulated(path) ? 0 : system_access(path, mode);
}

EXPORT int close(int fd)
{
	/* First, so that nobody takes a new descriptor of this number for the old one. */
	descriptor_remove(fd, NULL);
	return system_close(fd);
}

/*
 * The operation of that name of an emulated descriptor; the kernel's call for
 * other descriptors, and for those that lack it.
 */
#define DISPATCH(fd, operation, kernel, ...)                                                     \
	({                                                                                       \
		struct descriptor *descriptor = descriptor_get(fd);                              \
		long result;                                                                     \
                                                                                                 \
		if (descriptor && descriptor->operations->operation)                             \
			result = with_errno(                                                     \
				descriptor->operations->operation(descriptor, __VA_ARGS__));     \
		else                                                                             \
			result = kernel(fd, __VA_ARGS__);                                        \
		if (descriptor)                                                                  \
			descriptor_put(descriptor);                                              \
		result;                                                                          \
	})

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return (int)DISPATCH(fd, ioctl, system_ioctl, request, argument);
}

EXPORT ssize_t read(int fd, void *buffer, size_t bytes)
{
	return DISPATCH(fd, read, system_read, buffer, bytes);
}

EXPORT ssize_t write(int fd, const void *buffer, size_t bytes)
{
	return DISPATCH(fd, write, system_write, buffer, bytes);
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t bytes, off64_t offset)
{
	return DISPATCH(fd, pread, system_pread, buffer, bytes, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t bytes, off64_t offset)
{
	return DISPATCH(fd, pwrite, system_pwrite, buffer, bytes, offset);
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
static bool is_called(const char *prefix)
{
	char executable[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", executable, sizeof(executable) - 1);
	const char *name;

	if (!strncmp(program_invocation_short_name, prefix, strlen(prefix)))
		return true;
	if (length < 0)
		return false;
	executable[length] = '\0';
	name = strrchr(executable, '/');
	return name && !strncmp(name + 1, prefix, strlen(prefix));
}

static bool is_wanted(void)
{
	const char *prefix = getenv("QPATCH_EMU_PROGRAM");

	return is_called(QEMU_PREFIX) || (prefix && *prefix && is_called(prefix));
}

static void __attribute__((constructor)) start(void)
{
	const char *path = getenv("QPATCH_EMU");

	if (!path || !is_wanted())
		return;
	log_start();
	conf_read(path);
	unsetenv("LD_PRELOAD");
	unsetenv("QPATCH_EMU");
	unsetenv("QPATCH_EMU_PROGRAM");
	active = true;
}
