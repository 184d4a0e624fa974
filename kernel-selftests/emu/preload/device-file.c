// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of a device, as /dev/vfio/GROUP's VFIO_GROUP_GET_DEVICE_FD or
 * /dev/vfio/devices/NAME give it: brings ioctls, reads and writes to the device
 * model.  It is a sparse memfd with the kernel's region offsets, of which only
 * the memory that QEMU may map is ever filled; the model sees the same pages.
 */
#define _GNU_SOURCE
#include "device-file.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "descriptors.h"
#include "device-host.h"
#include "device-log.h"
#include "devices.h"
#include "dma.h"
#include "iommufd.h"
#include "log.h"
#include "migration-file.h"
#include "system.h"
#include "uapi.h"

/*
 * Of v1's migration region: QEMU moves the state in pieces of up to this size,
 * so there are several, as with real devices.
 */
#define MIGRATION_DATA_SIZE (1u << 16)

#define REGION_OFFSET(index) ((off_t)(index) << EMU_REGION_SHIFT)

struct device_file {
	struct emulated_device *device;
	bool cdev;
	bool usable; /* the model exists; before, a cdev can only be bound */
	struct iommufd *iommufd; /* what a cdev is bound to */
};

/* Maps the parts of `fd` that model and QEMU share. */
static int map_memory(struct emulated_device *device, int fd)
{
	const int protection = PROT_READ | PROT_WRITE;
	void *memory, *data;

	if (ftruncate(fd, REGION_OFFSET(EMU_NUM_REGIONS)))
		return -errno;
	memory = mmap(NULL, EMU_MEMORY_SIZE, protection, MAP_SHARED, fd,
		      REGION_OFFSET(VFIO_PCI_BAR2_REGION_INDEX));
	if (memory == MAP_FAILED)
		return -errno;
	data = mmap(NULL, MIGRATION_DATA_SIZE, protection, MAP_SHARED, fd,
		    REGION_OFFSET(EMU_MIGRATION_REGION) + EMU_MIGRATION_DATA_OFFSET);
	if (data == MAP_FAILED) {
		munmap(memory, EMU_MEMORY_SIZE);
		return -errno;
	}
	device->memory = memory;
	device->migration_data = data;
	return 0;
}

static void unmap_memory(struct emulated_device *device)
{
	munmap(device->memory, EMU_MEMORY_SIZE);
	munmap(device->migration_data, MIGRATION_DATA_SIZE);
}

static int start_model(struct emulated_device *device)
{
	bool v1 = device->profile.protocol & EMU_PROTOCOL_V1;

	device->model = calloc(1, emu_device_size());
	if (!device->model)
		return -ENOMEM;
	return emu_device_init(device->model, &device->profile, &device_host, device,
			       device->memory, v1 ? device->migration_data : NULL,
			       v1 ? MIGRATION_DATA_SIZE : 0);
}

/* Creates the model on the memory of `fd`. */
static int open_model(struct emulated_device *device, int fd)
{
	int error;

	pthread_mutex_lock(&device->lock);
	error = device->opened ? -EBUSY : map_memory(device, fd);
	if (!error) {
		error = start_model(device);
		device->opened = !error;
		if (!error && device->left_in)
			emu_device_find(device->model, device->left_in);
		if (error) {
			free(device->model);
			unmap_memory(device);
		}
	}
	pthread_mutex_unlock(&device->lock);
	return error;
}

static void close_model(struct emulated_device *device)
{
	pthread_mutex_lock(&device->lock);
	device->left_in = emu_device_close(device->model);
	device->opened = false;
	unmap_memory(device);
	free(device->model);
	pthread_mutex_unlock(&device->lock);
	dma_lock();
	device_log_clear(device);
	dma_unlock();
}

static int bind_iommufd(struct descriptor *descriptor, struct cdev_bind_iommufd *bind)
{
	struct device_file *file = descriptor->object;
	struct iommufd *iommufd;
	int memory, error;

	if (!file->cdev || file->iommufd || bind->argsz < sizeof(*bind) || bind->flags)
		return -EINVAL;
	memory = memfd_create(file->device->name, MFD_CLOEXEC);
	if (memory < 0)
		return -errno;
	error = open_model(file->device, memory);
	if (!error) {
		iommufd = iommufd_bind(bind->iommufd, file->device, &bind->out_devid);
		if (!iommufd)
			error = -EINVAL;
		/* QEMU has checked by now that the descriptor is a character device. */
		else if (dup3(memory, descriptor->fd, O_CLOEXEC) < 0)
			error = -errno;
		if (!error) {
			file->iommufd = iommufd;
			file->usable = true;
		} else {
			close_model(file->device);
			if (iommufd)
				iommufd_unbind(iommufd, file->device);
		}
	}
	system_close(memory);
	return error;
}

static int attach(struct device_file *file, struct cdev_attach_pt *attach)
{
	if (!file->iommufd || attach->argsz < sizeof(*attach) || attach->flags)
		return -EINVAL;
	return iommufd_attach(file->iommufd, file->device, &attach->pt_id);
}

static int detach(struct device_file *file, const struct cdev_detach_pt *detach)
{
	if (!file->iommufd || detach->argsz < sizeof(*detach) || detach->flags)
		return -EINVAL;
	iommufd_detach(file->iommufd, file->device);
	return 0;
}

static int set_irqs(struct emulated_device *device, const struct vfio_irq_set *irqs)
{
	int result;

	device->irqs = irqs;
	device->next_irq = 0;
	result = emu_set_irqs(device->model, irqs, irqs->argsz);
	device->irqs = NULL;
	return result;
}

static int feature(struct emulated_device *device, struct vfio_device_feature *feature)
{
	struct vfio_device_feature_mig_state *state = (void *)feature->data;
	enum emu_stream wanted;
	int result;

	result = emu_feature(device->model, feature, feature->argsz, &wanted);
	if (result || wanted == EMU_STREAM_NONE)
		return result;
	state->data_fd = migration_file_open(device, wanted == EMU_STREAM_READ);
	return state->data_fd < 0 ? state->data_fd : 0;
}

static bool is_log_feature(const struct vfio_device_feature *feature)
{
	switch (feature->flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
		return true;
	default:
		return false;
	}
}

static long model_ioctl(struct descriptor *descriptor, unsigned int request, void *argument)
{
	struct emulated_device *device = ((struct device_file *)descriptor->object)->device;

	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		return emu_get_info(device->model, argument);
	case VFIO_DEVICE_GET_REGION_INFO:
		return emu_get_region_info(device->model, argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return emu_get_irq_info(device->model, argument);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(device, argument);
	case VFIO_DEVICE_RESET:
		return emu_reset(device->model);
	case VFIO_DEVICE_FEATURE:
		return feature(device, argument);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
	case VFIO_DEVICE_PCI_HOT_RESET:
	case VFIO_DEVICE_QUERY_GFX_PLANE:
	case VFIO_DEVICE_IOEVENTFD:
		/* Known, but not implemented, as with an mdev. */
		return -ENOTTY;
	default:
		log_unknown_ioctl(device->name, request, descriptor->fd);
		return -ENOTTY;
	}
}

/* A fault of `device`. */
static void reset_others(const struct emulated_device *device)
{
	struct emulated_device *other;

	for (other = device_list(); other; other = other->next) {
		if (other == device)
			continue;
		pthread_mutex_lock(&other->lock);
		if (other->opened)
			emu_reset(other->model);
		pthread_mutex_unlock(&other->lock);
	}
}

static long device_ioctl(struct descriptor *descriptor, unsigned int request, void *argument)
{
	struct device_file *file = descriptor->object;
	bool resets_others;
	long result;

	if (request == CDEV_BIND_IOMMUFD)
		return bind_iommufd(descriptor, argument);
	if (request == CDEV_ATTACH_PT)
		return attach(file, argument);
	if (request == CDEV_DETACH_PT)
		return detach(file, argument);
	if (!file->usable)
		return -EINVAL;
	if (request == VFIO_DEVICE_FEATURE && is_log_feature(argument))
		return device_log_feature(file->device, argument);
	pthread_mutex_lock(&file->device->lock);
	result = model_ioctl(descriptor, request, argument);
	resets_others = file->device->resets_others;
	file->device->resets_others = false;
	pthread_mutex_unlock(&file->device->lock);
	if (resets_others)
		reset_others(file->device);
	return result;
}

/* The model behind a descriptor, for one access; NULL: there is none yet. */
static struct emu_device *begin_access(struct descriptor *descriptor)
{
	struct device_file *file = descriptor->object;

	if (!file->usable)
		return NULL;
	pthread_mutex_lock(&file->device->lock);
	return file->device->model;
}

static int64_t end_access(struct descriptor *descriptor, int64_t result)
{
	struct device_file *file = descriptor->object;

	pthread_mutex_unlock(&file->device->lock);
	return result;
}

static int64_t device_pread(struct descriptor *descriptor, void *buffer, size_t bytes,
			    uint64_t offset)
{
	struct emu_device *model = begin_access(descriptor);

	if (!model)
		return -EINVAL;
	return end_access(descriptor, emu_read(model, offset, buffer, bytes));
}

static int64_t device_pwrite(struct descriptor *descriptor, const void *buffer, size_t bytes,
			     uint64_t offset)
{
	struct emu_device *model = begin_access(descriptor);

	if (!model)
		return -EINVAL;
	return end_access(descriptor, emu_write(model, offset, buffer, bytes));
}

static void device_release(struct descriptor *descriptor)
{
	struct device_file *file = descriptor->object;

	if (file->usable)
		close_model(file->device);
	if (file->iommufd)
		iommufd_unbind(file->iommufd, file->device);
	free(file);
}

static const struct descriptor_operations device_operations = {
	.what = "device",
	.ioctl = device_ioctl,
	.pread = device_pread,
	.pwrite = device_pwrite,
	.release = device_release,
};

static const struct descriptor_operations cdev_operations = {
	.what = "cdev",
	.ioctl = device_ioctl,
	.pread = device_pread,
	.pwrite = device_pwrite,
	.release = device_release,
};

static struct device_file *new_file(struct emulated_device *device, bool cdev)
{
	struct device_file *file = calloc(1, sizeof(*file));

	if (file)
		*file = (struct device_file){ .device = device, .cdev = cdev };
	return file;
}

int device_open(struct emulated_device *device)
{
	struct device_file *file = new_file(device, false);
	int fd, error;

	if (!file)
		return -ENOMEM;
	fd = descriptor_create(&device_operations, file, device->name);
	if (fd < 0) {
		free(file);
		return fd;
	}
	error = open_model(device, fd);
	file->usable = !error;
	if (!error)
		return fd;
	descriptor_remove(fd, file);
	system_close(fd);
	return error;
}

int cdev_open(struct emulated_device *device)
{
	struct device_file *file = new_file(device, true);
	/* QEMU wants a character device of the number in sysfs, which says 1:3. */
	int fd = system_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
	int error = fd < 0 ? -errno : !file ? -ENOMEM : 0;

	if (!error)
		error = descriptor_adopt(fd, &cdev_operations, file, device->name);
	if (!error)
		return fd;
	if (fd >= 0)
		system_close(fd);
	free(file);
	return error;
}
