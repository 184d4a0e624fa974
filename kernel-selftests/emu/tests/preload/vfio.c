// SPDX-License-Identifier: GPL-2.0-or-later
/* The library's test as a user of VFIO. */
#define _GNU_SOURCE
#include "vfio.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define COMMAND_OFFSET (((off_t)VFIO_PCI_CONFIG_REGION_INDEX << EMU_REGION_SHIFT) + 4)
#define COMMAND        0x0006 /* memory space, bus master */

static void start_device(struct user *user)
{
	const uint16_t command = COMMAND;

	user->ring =
		mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(user->ring != MAP_FAILED);
	CHECK_EQUAL(pwrite(user->device, &command, sizeof(command), COMMAND_OFFSET),
		    sizeof(command));
	CHECK_EQUAL(map(user, RING_IOVA, user->ring, RING_BYTES), 0);
	write_register(user, RING_LO, RING_IOVA);
	write_register(user, RING_COUNT, RING_PAGES);
}

void user_open(struct user *user, const char *group, const char *name)
{
	char path[32];

	*user = (struct user){ .device = -1, .iommufd = -1 };
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	user->container = open("/dev/vfio/vfio", O_RDWR);
	user->group = open(path, O_RDWR);
	CHECK(user->container >= 0 && user->group >= 0);
	CHECK_EQUAL(ioctl(user->group, VFIO_GROUP_SET_CONTAINER, &user->container), 0);
	CHECK_EQUAL(ioctl(user->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0);
	user->device = ioctl(user->group, VFIO_GROUP_GET_DEVICE_FD, name);
	CHECK(user->device >= 0);
	start_device(user);
}

void user_open_cdev(struct user *user)
{
	struct cdev_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct iommufd_ioas_alloc ioas = { .size = sizeof(ioas) };
	struct iommufd_hwpt_alloc hwpt = { .size = sizeof(hwpt),
					   .flags = IOMMUFD_HWPT_DIRTY_TRACKING };
	struct cdev_attach_pt attach = { .argsz = sizeof(attach) };

	*user = (struct user){ .container = -1, .group = -1 };
	user->device = open("/dev/vfio/devices/vfio1", O_RDWR);
	user->iommufd = open("/dev/iommu", O_RDWR);
	CHECK(user->device >= 0 && user->iommufd >= 0);
	bind.iommufd = user->iommufd;
	CHECK_EQUAL(ioctl(user->device, CDEV_BIND_IOMMUFD, &bind), 0);
	CHECK_EQUAL(ioctl(user->iommufd, IOMMUFD_IOAS_ALLOC, &ioas), 0);
	user->ioas = ioas.out_ioas_id;
	hwpt.dev_id = bind.out_devid;
	hwpt.pt_id = ioas.out_ioas_id;
	CHECK_EQUAL(ioctl(user->iommufd, IOMMUFD_HWPT_ALLOC, &hwpt), 0);
	user->hwpt = attach.pt_id = hwpt.out_hwpt_id;
	CHECK_EQUAL(ioctl(user->device, CDEV_ATTACH_PT, &attach), 0);
	start_device(user);
}

void user_close(struct user *user)
{
	const int fds[] = { user->device, user->group, user->container, user->iommufd };
	unsigned int i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (user->ring)
		munmap(user->ring, RING_BYTES);
}

int map(const struct user *user, uint64_t iova, void *memory, uint64_t bytes)
{
	struct vfio_iommu_type1_dma_map legacy = {
		.argsz = sizeof(legacy),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = bytes,
	};
	struct iommufd_map modern = {
		.size = sizeof(modern),
		.ioas_id = user->ioas,
		.flags = IOMMUFD_MAP_FIXED_IOVA | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITEABLE,
		.start = (uintptr_t)memory,
		.iova = iova,
		.length = bytes,
	};

	if (user->iommufd >= 0)
		return ioctl(user->iommufd, IOMMUFD_IOAS_MAP, &modern) ? -errno : 0;
	return ioctl(user->container, VFIO_IOMMU_MAP_DMA, &legacy) ? -errno : 0;
}

int unmap(const struct user *user, uint64_t iova, uint64_t bytes)
{
	struct vfio_iommu_type1_dma_unmap legacy = { .argsz = sizeof(legacy),
						     .iova = iova,
						     .size = bytes };
	struct iommufd_unmap modern = {
		.size = sizeof(modern), .ioas_id = user->ioas, .iova = iova, .length = bytes
	};

	if (user->iommufd >= 0)
		return ioctl(user->iommufd, IOMMUFD_IOAS_UNMAP, &modern) ? -errno : 0;
	return ioctl(user->container, VFIO_IOMMU_UNMAP_DMA, &legacy) ? -errno : 0;
}

void write_register(const struct user *user, uint64_t position, uint32_t value)
{
	CHECK_EQUAL(pwrite(user->device, &value, sizeof(value), (off_t)position), sizeof(value));
}

uint32_t page_sequence(const struct user *user, unsigned int page)
{
	return ((const uint32_t *)(user->ring + page * PAGE))[2];
}

int set_vector(const struct user *user, int fd)
{
	char buffer[sizeof(struct vfio_irq_set) + sizeof(int)] = { 0 };
	struct vfio_irq_set *irqs = (void *)buffer;

	irqs->argsz = sizeof(buffer);
	irqs->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	irqs->index = VFIO_PCI_MSIX_IRQ_INDEX;
	irqs->count = 1;
	memcpy(irqs->data, &fd, sizeof(fd));
	return ioctl(user->device, VFIO_DEVICE_SET_IRQS, irqs) ? -errno : 0;
}

int set_state(const struct user *user, uint32_t state, int *data_fd)
{
	uint64_t buffer[4] = { 0 };
	struct vfio_device_feature *feature = (void *)buffer;
	struct vfio_device_feature_mig_state *request = (void *)feature->data;

	feature->argsz = sizeof(*feature) + sizeof(*request);
	feature->flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	request->device_state = state;
	if (ioctl(user->device, VFIO_DEVICE_FEATURE, feature))
		return -errno;
	if (data_fd)
		*data_fd = request->data_fd;
	return 0;
}
