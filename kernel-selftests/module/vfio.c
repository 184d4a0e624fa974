// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of a device, as VFIO_GROUP_GET_DEVICE_FD or a cdev give it: brings
 * ioctls, reads and writes to the device model, which exists as long as somebody
 * has the device open.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "qpatch.h"

/* Of v1's migration region: there are several pieces, as with real devices. */
#define MIGRATION_DATA_SIZE	SZ_64K
/* More than any region has. */
#define MAX_ACCESS		SZ_128K
/* Of capabilities that describe a region. */
#define MAX_CAPABILITIES	128

static int start_model(struct qpatch_device *device)
{
	const struct emu_profile *profile = &device->settings.profile;
	bool v1 = profile->protocol & EMU_PROTOCOL_V1;
	struct emu_device *model;
	int error = -ENOMEM;

	model = kvzalloc(emu_device_size(), GFP_KERNEL_ACCOUNT);
	device->memory = vmalloc_user(EMU_MEMORY_SIZE);
	device->migration_data = v1 ? vmalloc_user(MIGRATION_DATA_SIZE) : NULL;
	if (model && device->memory && (device->migration_data || !v1))
		error = emu_device_init(model, profile, &qpatch_host, device, device->memory,
					device->migration_data, v1 ? MIGRATION_DATA_SIZE : 0);
	if (error) {
		kvfree(model);
		return error;
	}
	if (device->left_in)
		emu_device_find(model, device->left_in);
	device->model = model;
	return 0;
}

static void free_memory(struct qpatch_device *device)
{
	vfree(device->memory);
	vfree(device->migration_data);
	device->memory = NULL;
	device->migration_data = NULL;
}

static int open_device(struct vfio_device *vdev)
{
	struct qpatch_device *device = qpatch_device(vdev);
	int error;

	mutex_lock(&device->lock);
	error = start_model(device);
	if (error)
		free_memory(device);
	mutex_unlock(&device->lock);
	return error;
}

static void close_device(struct vfio_device *vdev)
{
	struct qpatch_device *device = qpatch_device(vdev);
	struct emu_device *model;

	mutex_lock(&device->lock);
	model = device->model;
	device->left_in = emu_device_close(model);
	device->model = NULL;
	qpatch_log_clear(device);
	free_memory(device);
	kvfree(model);
	mutex_unlock(&device->lock);
}

static ssize_t read_region(struct vfio_device *vdev, char __user *target, size_t bytes,
			   loff_t *position)
{
	struct qpatch_device *device = qpatch_device(vdev);
	void *buffer;
	s64 done;

	bytes = min_t(size_t, bytes, MAX_ACCESS);
	buffer = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;
	mutex_lock(&device->lock);
	done = emu_read(device->model, *position, buffer, bytes);
	mutex_unlock(&device->lock);
	if (done > 0 && copy_to_user(target, buffer, done))
		done = -EFAULT;
	kvfree(buffer);
	if (done > 0)
		*position += done;
	return done;
}

static ssize_t write_region(struct vfio_device *vdev, const char __user *source, size_t bytes,
			    loff_t *position)
{
	struct qpatch_device *device = qpatch_device(vdev);
	void *buffer;
	s64 done;

	bytes = min_t(size_t, bytes, MAX_ACCESS);
	buffer = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;
	if (copy_from_user(buffer, source, bytes)) {
		done = -EFAULT;
	} else {
		mutex_lock(&device->lock);
		done = emu_write(device->model, *position, buffer, bytes);
		mutex_unlock(&device->lock);
	}
	kvfree(buffer);
	if (done > 0)
		*position += done;
	return done;
}

/*
 * Without the lock: whoever faults in memory for an access that holds it would
 * wait for this, and this for the lock.  What is read here does not change while
 * the file is open.
 */
static int map_region(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	const unsigned int shift = EMU_REGION_SHIFT - PAGE_SHIFT;
	struct qpatch_device *device = qpatch_device(vdev);
	const struct emu_profile *profile = &device->settings.profile;
	unsigned long page = vma->vm_pgoff & ((1ul << shift) - 1);

	switch (vma->vm_pgoff >> shift) {
	case VFIO_PCI_BAR2_REGION_INDEX:
		if (!profile->memory_mmap)
			return -EINVAL;
		return remap_vmalloc_range(vma, device->memory, page);
	case EMU_MIGRATION_REGION:
		if (!profile->region_mmap || !device->migration_data ||
		    page < EMU_MIGRATION_DATA_OFFSET >> PAGE_SHIFT)
			return -EINVAL;
		return remap_vmalloc_range(vma, device->migration_data,
					   page - (EMU_MIGRATION_DATA_OFFSET >> PAGE_SHIFT));
	default:
		return -EINVAL;
	}
}

static long get_info(struct qpatch_device *device, void __user *arg)
{
	unsigned long bytes = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {};
	int error;

	if (copy_from_user(&info, arg, bytes))
		return -EFAULT;
	mutex_lock(&device->lock);
	error = emu_get_info(device->model, &info);
	mutex_unlock(&device->lock);
	if (error)
		return error;
	return copy_to_user(arg, &info, bytes) ? -EFAULT : 0;
}

static long get_irq_info(struct qpatch_device *device, void __user *arg)
{
	unsigned long bytes = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info = {};
	int error;

	if (copy_from_user(&info, arg, bytes))
		return -EFAULT;
	mutex_lock(&device->lock);
	error = emu_get_irq_info(device->model, &info);
	mutex_unlock(&device->lock);
	if (error)
		return error;
	return copy_to_user(arg, &info, bytes) ? -EFAULT : 0;
}

/* The capabilities behind `info`, as the model has them, into a list of the core's. */
static int add_capabilities(struct vfio_region_info *info, struct vfio_info_cap *caps)
{
	u32 offset = info->cap_offset;
	int error = 0;

	while (!error && offset) {
		struct vfio_info_cap_header *header = (void *)info + offset;
		u32 next = header->next;

		error = vfio_info_add_capability(caps, header, (next ?: info->argsz) - offset);
		offset = next;
	}
	return error;
}

static int get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			   struct vfio_info_cap *caps)
{
	struct qpatch_device *device = qpatch_device(vdev);
	struct {
		struct vfio_region_info info;
		u8 caps[MAX_CAPABILITIES];
	} whole = { .info = *info };
	int error;

	whole.info.argsz = sizeof(whole);
	mutex_lock(&device->lock);
	error = emu_get_region_info(device->model, &whole.info);
	mutex_unlock(&device->lock);
	if (error)
		return error;
	info->flags = whole.info.flags & ~VFIO_REGION_INFO_FLAG_CAPS;
	info->size = whole.info.size;
	info->offset = whole.info.offset;
	return add_capabilities(&whole.info, caps);
}

#if !QPATCH_CORE_HAS_REGION_INFO

/* Where the capabilities fit behind the description, puts them there. */
static int put_capabilities(struct vfio_region_info *info, struct vfio_info_cap *caps,
			    void __user *arg)
{
	info->cap_offset = 0;
	if (!caps->size)
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz < sizeof(*info) + caps->size) {
		info->argsz = sizeof(*info) + caps->size;
		return 0;
	}
	vfio_info_cap_shift(caps, sizeof(*info));
	info->cap_offset = sizeof(*info);
	return copy_to_user(arg + sizeof(*info), caps->buf, caps->size) ? -EFAULT : 0;
}

static long put_region_info(struct qpatch_device *device, void __user *arg)
{
	unsigned long bytes = offsetofend(struct vfio_region_info, offset);
	struct vfio_info_cap caps = {};
	struct vfio_region_info info = {};
	int error;

	if (copy_from_user(&info, arg, bytes))
		return -EFAULT;
	if (info.argsz < bytes)
		return -EINVAL;
	error = get_region_info(&device->vdev, &info, &caps);
	if (!error)
		error = put_capabilities(&info, &caps, arg);
	kfree(caps.buf);
	if (error)
		return error;
	return copy_to_user(arg, &info, bytes) ? -EFAULT : 0;
}

#endif

/* `bytes` of data follow the header in what the user has given. */
static long set_irqs(struct qpatch_device *device, const struct vfio_irq_set *header, size_t bytes,
		     void __user *arg)
{
	struct vfio_irq_set *set = kvmalloc(sizeof(*set) + bytes, GFP_KERNEL_ACCOUNT);
	int error = 0;

	if (!set)
		return -ENOMEM;
	*set = *header;
	set->argsz = sizeof(*set) + bytes;
	if (copy_from_user(set->data, arg + sizeof(*set), bytes))
		error = -EFAULT;
	if (!error) {
		mutex_lock(&device->lock);
		error = emu_set_irqs(device->model, set, set->argsz);
		mutex_unlock(&device->lock);
	}
	kvfree(set);
	return error;
}

static long check_and_set_irqs(struct qpatch_device *device, void __user *arg)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) };
	struct vfio_irq_set header;
	size_t bytes = 0;
	int error;

	if (copy_from_user(&header, arg, offsetofend(struct vfio_irq_set, count)))
		return -EFAULT;
	info.index = header.index;
	mutex_lock(&device->lock);
	error = emu_get_irq_info(device->model, &info);
	mutex_unlock(&device->lock);
	if (!error)
		error = vfio_set_irqs_validate_and_prepare(&header, info.count, VFIO_PCI_NUM_IRQS,
							   &bytes);
	return error ?: set_irqs(device, &header, bytes, arg);
}

static long reset(struct qpatch_device *device)
{
	bool others;
	int error;

	mutex_lock(&device->lock);
	error = emu_reset(device->model);
	others = device->resets_others;
	device->resets_others = false;
	mutex_unlock(&device->lock);
	if (others)
		qpatch_reset_others(device);
	return error;
}

static long serve_ioctl(struct vfio_device *vdev, unsigned int command, unsigned long arg)
{
	struct qpatch_device *device = qpatch_device(vdev);
	void __user *user = (void __user *)arg;

	switch (command) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(device, user);
#if !QPATCH_CORE_HAS_REGION_INFO
	case VFIO_DEVICE_GET_REGION_INFO:
		return put_region_info(device, user);
#endif
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(device, user);
	case VFIO_DEVICE_SET_IRQS:
		return check_and_set_irqs(device, user);
	case VFIO_DEVICE_RESET:
		return reset(device);
	default:
		return -ENOTTY;
	}
}

static int init_device(struct vfio_device *vdev)
{
	struct qpatch_device *device = qpatch_device(vdev);

	mutex_init(&device->lock);
	INIT_LIST_HEAD(&device->list);
	xa_init(&device->log.pages);
	qpatch_host_init(device);
	qpatch_settings_default(&device->settings);
	qpatch_settings_apply(device);
	return 0;
}

static void release_device(struct vfio_device *vdev)
{
	struct qpatch_device *device = qpatch_device(vdev);

	mutex_destroy(&device->lock);
}

const struct vfio_device_ops qpatch_device_ops = {
	.name = "qpatch-device",
	.init = init_device,
	.release = release_device,
	.open_device = open_device,
	.close_device = close_device,
	.read = read_region,
	.write = write_region,
	.mmap = map_region,
	.ioctl = serve_ioctl,
	.device_feature = qpatch_feature,
#if QPATCH_CORE_HAS_REGION_INFO
	.get_region_info_caps = get_region_info,
#endif
#if QPATCH_CORE_HAS_CDEVS
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#endif
};
