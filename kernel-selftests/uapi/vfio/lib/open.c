// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens devices by group and container or by cdev and iommufd.  Where they are
 * is read from their directory in sysfs, so that PCI devices, mdevs and whatever
 * else VFIO has a driver for are all the same.
 */
#include "open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "driver.h"
#include "migration.h"

#define MAX_DEVICES	2
#define MAX_OPEN	4
#define EXIT_SKIP	4
#define PCI_DEVICES	"/sys/bus/pci/devices/"

static const char *directories[MAX_DEVICES];
static unsigned int count;
static char reason[PATH_MAX + 256];

/* For device_reason(). */
#define set_reason(...) snprintf(reason, sizeof(reason), __VA_ARGS__)

const char *device_reason(void)
{
	return reason;
}

unsigned int device_count(void)
{
	return count;
}

static bool is_pci_address(const char *text)
{
	unsigned int segment, bus, slot, function;
	int length = 0;

	return sscanf(text, "%4x:%2x:%2x.%1x%n", &segment, &bus, &slot, &function, &length) == 4 &&
	       !text[length];
}

static void add_device(const char *name)
{
	char path[PATH_MAX];

	if (is_pci_address(name)) {
		snprintf(path, sizeof(path), PCI_DEVICES "%s", name);
		name = path;
	}
	if (count < MAX_DEVICES)
		directories[count++] = strdup(name);
}

static bool is_device(const char *argument)
{
	return is_pci_address(argument) || strchr(argument, '/');
}

void device_arguments(int *argc, char **argv)
{
	static const char * const variables[MAX_DEVICES] = {
		"VFIO_SELFTESTS_BDF", "VFIO_SELFTESTS_BDF2",
	};
	int first = *argc;
	unsigned int i;

	while (first > 1 && is_device(argv[first - 1]))
		first--;
	for (i = first; i < (unsigned int)*argc; i++)
		add_device(argv[i]);
	*argc = first;
	argv[first] = NULL;
	for (i = 0; !count && i < MAX_DEVICES; i++)
		if (getenv(variables[i]))
			add_device(getenv(variables[i]));
	/* With -l nothing is opened. */
	if (count || (*argc > 1 && !strcmp(argv[1], "-l")))
		return;
	printf("KTAP version 1\n1..0 # SKIP no device was named\n");
	fprintf(stderr,
		"usage: %s [-l | -t TEST]... DEVICE [DEVICE]\n"
		"or VFIO_SELFTESTS_BDF=DEVICE [VFIO_SELFTESTS_BDF2=DEVICE]\n"
		"DEVICE: segment:bus:device.function, or the path of a device in sysfs\n", argv[0]);
	exit(EXIT_SKIP);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The number of the IOMMU group, or of a group that VFIO made for a device without IOMMU. */
static int find_group(const char *directory, char *group, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/iommu_group", directory);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0) {
		set_reason("%s: %s", path, strerror(errno));
		return -errno;
	}
	target[length] = '\0';
	snprintf(group, size, "%.60s", last_part(target));
	return 0;
}

static int find_cdev(const char *directory, char *name, size_t size)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/vfio-dev", directory);
	folder = opendir(path);
	if (!folder) {
		set_reason("%s: %s", path, strerror(errno));
		return -errno;
	}
	name[0] = '\0';
	while ((entry = readdir(folder)))
		if (!strncmp(entry->d_name, "vfio", 4))
			snprintf(name, size, "%.60s", entry->d_name);
	closedir(folder);
	if (name[0])
		return 0;
	set_reason("%s: it has no vfioN in it", path);
	return -ENOENT;
}

static int open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int error = errno;

	if (fd >= 0)
		return fd;
	if (error == EBUSY)
		set_reason("%s: in use by somebody else", path);
	else
		set_reason("%s: %s", path, strerror(error));
	return -error;
}

static int failed(const char *what)
{
	int error = errno;

	set_reason("%s: %s", what, strerror(error));
	return -error;
}

static int open_by_group(struct device *device, const char *directory)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char group[64], path[96];
	int error = find_group(directory, group, sizeof(group));

	if (error)
		return error;
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	device->group_fd = open_path(path);
	if (device->group_fd < 0)
		return device->group_fd;
	if (ioctl(device->group_fd, VFIO_GROUP_GET_STATUS, &status))
		return failed("VFIO_GROUP_GET_STATUS");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		set_reason("group %s: some of its devices are not VFIO's", group);
		return -EPERM;
	}
	device->iommu_fd = open_path("/dev/vfio/vfio");
	if (device->iommu_fd < 0)
		return device->iommu_fd;
	if (ioctl(device->iommu_fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return failed("VFIO_GET_API_VERSION");
	if (ioctl(device->group_fd, VFIO_GROUP_SET_CONTAINER, &device->iommu_fd))
		return failed("VFIO_GROUP_SET_CONTAINER");
	if (ioctl(device->iommu_fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) &&
	    ioctl(device->iommu_fd, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		return failed("VFIO_SET_IOMMU");
	device->fd = ioctl(device->group_fd, VFIO_GROUP_GET_DEVICE_FD, last_part(directory));
	return device->fd < 0 ? failed("VFIO_GROUP_GET_DEVICE_FD") : 0;
}

static int open_by_cdev(struct device *device, const char *directory)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	char name[64], path[96];
	int error = find_cdev(directory, name, sizeof(name));

	if (error)
		return error;
	device->by_cdev = true;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	device->fd = open_path(path);
	if (device->fd < 0)
		return device->fd;
	device->iommu_fd = open_path("/dev/iommu");
	if (device->iommu_fd < 0)
		return device->iommu_fd;
	bind.iommufd = device->iommu_fd;
	if (ioctl(device->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return failed("VFIO_DEVICE_BIND_IOMMUFD");
	if (ioctl(device->iommu_fd, IOMMU_IOAS_ALLOC, &alloc))
		return failed("IOMMU_IOAS_ALLOC");
	attach.pt_id = alloc.out_ioas_id;
	if (ioctl(device->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		return failed("VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	device->ioas = alloc.out_ioas_id;
	return 0;
}

/* What a region's chain of capabilities says of v1. */
static void look_at_capabilities(struct device *device, const struct vfio_region_info *info)
{
	const struct vfio_info_cap_header *header;
	bool is_v1 = false, config_first = false;
	u32 offset = info->cap_offset, left = 32;

	while (offset && left-- && offset + sizeof(*header) <= info->argsz) {
		header = (const void *)((const char *)info + offset);
		if (header->id == VFIO_REGION_INFO_CAP_TYPE) {
			const struct vfio_region_info_cap_type *type = (const void *)header;

			is_v1 = type->type == V1_REGION_TYPE && type->subtype == V1_REGION_SUBTYPE;
		}
		if (header->id == VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST)
			config_first = true;
		offset = header->next;
	}
	if (!is_v1)
		return;
	device->v1 = (struct v1_region){ info->offset, info->size, config_first };
}

/* Looks for v1's region among those that follow the fixed ones of PCI. */
static void find_v1(struct device *device)
{
	u32 index;

	for (index = VFIO_PCI_NUM_REGIONS; index < device->info.num_regions; index++) {
		u64 buffer[128] = { 0 };
		struct vfio_region_info *info = (void *)buffer;

		info->argsz = sizeof(buffer);
		info->index = index;
		if (!device_region_info(device, info) && info->flags & VFIO_REGION_INFO_FLAG_CAPS)
			look_at_capabilities(device, info);
	}
}

static int look_at(struct device *device)
{
	struct vfio_device_feature_migration migration = { 0 };
	u64 size;
	int error;

	device->info.argsz = sizeof(device->info);
	if (ioctl(device->fd, VFIO_DEVICE_GET_INFO, &device->info))
		return failed("VFIO_DEVICE_GET_INFO");
	if (!(device->info.flags & VFIO_DEVICE_FLAGS_PCI)) {
		set_reason("no PCI device");
		return -ENODEV;
	}
	error = device_region(device, VFIO_PCI_CONFIG_REGION_INDEX, &device->config_offset, &size);
	if (error) {
		set_reason("VFIO_DEVICE_GET_REGION_INFO of config space: %s", strerror(-error));
		return error;
	}
	if (!device_feature(device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
			    &migration, sizeof(migration)))
		device->migration_flags = migration.flags;
	find_v1(device);
	device->driver = driver_for(device);
	return 0;
}

/* A kernel without iommufd has the name in sysfs, too. */
static bool has_cdev(const char *directory)
{
	char name[64], path[96];

	if (find_cdev(directory, name, sizeof(name)))
		return false;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	return !access(path, F_OK) && !access("/dev/iommu", F_OK);
}

static int open_device(struct device *device, const char *directory, enum open_by by)
{
	if (by == OPEN_BY_ANY)
		by = has_cdev(directory) ? OPEN_BY_CDEV : OPEN_BY_GROUP;
	return by == OPEN_BY_CDEV ? open_by_cdev(device, directory) :
				    open_by_group(device, directory);
}

/* Those of this process. */
static struct device *opened[MAX_OPEN];

static void leave_all(void)
{
	unsigned int i;

	for (i = 0; i < MAX_OPEN; i++)
		device_leave(opened[i]);
}

static void note_open(struct device *device)
{
	static bool is_noted;
	unsigned int i;

	if (!is_noted && atexit(leave_all))
		exit(1);
	is_noted = true;
	for (i = 0; i < MAX_OPEN; i++) {
		if (opened[i])
			continue;
		opened[i] = device;
		return;
	}
	fprintf(stderr, "more than %d devices are open at a time\n", MAX_OPEN);
	exit(1);
}

static void note_close(const struct device *device)
{
	unsigned int i;

	for (i = 0; i < MAX_OPEN; i++)
		if (opened[i] == device)
			opened[i] = NULL;
}

struct device *device_open(unsigned int number, enum open_by by)
{
	struct device *device;

	if (number >= count) {
		set_reason("only %u device%s named", count, count == 1 ? " was" : "s were");
		return NULL;
	}
	device = calloc(1, sizeof(*device));
	if (!device)
		exit(1);
	device->fd = -1;
	device->group_fd = -1;
	device->iommu_fd = -1;
	device->data_fd = -1;
	if (!open_device(device, directories[number], by) && !look_at(device)) {
		note_open(device);
		return device;
	}
	device_close(device);
	return NULL;
}

void device_close(struct device *device)
{
	if (!device)
		return;
	note_close(device);
	if (device->data_fd >= 0)
		close(device->data_fd);
	if (device->fd >= 0)
		close(device->fd);
	if (device->group_fd >= 0)
		close(device->group_fd);
	if (device->iommu_fd >= 0)
		close(device->iommu_fd);
	free(device);
}

void device_leave(struct device *device)
{
	u32 state;

	/* What cannot be reset is left as it is: whoever opens it next says so. */
	if (device && device_migrates(device) && !migration_get_state(device, &state) &&
	    state != VFIO_DEVICE_STATE_RUNNING)
		device_reset(device);
	device_close(device);
}
