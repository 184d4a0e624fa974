// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data stream of migration protocol v2: a file that the user reads the
 * device's state from, or writes it to.  It may outlive the device's file, and
 * the mdev, and is dead then.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "qpatch.h"

/* The most that one call moves; the user comes again for the rest. */
#define MAX_TRANSFER	SZ_1M

struct stream {
	struct qpatch_device *device;
	u32 session;			/* 0: it has not begun */
};

/* The model, for one access to a stream that is the device's present one; else NULL. */
static struct emu_device *begin_access(struct stream *stream)
{
	struct qpatch_device *device = stream->device;

	mutex_lock(&device->lock);
	return device->session == stream->session ? device->model : NULL;
}

static s64 end_access(struct stream *stream, s64 result)
{
	mutex_unlock(&stream->device->lock);
	return result;
}

static ssize_t stream_read(struct file *file, char __user *target, size_t bytes, loff_t *position)
{
	struct stream *stream = file->private_data;
	struct emu_device *model;
	void *buffer;
	s64 done;

	if (position)
		return -ESPIPE;
	bytes = min_t(size_t, bytes, MAX_TRANSFER);
	buffer = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;
	model = begin_access(stream);
	done = end_access(stream, model ? emu_migration_read(model, buffer, bytes) : -ENODEV);
	if (done > 0 && copy_to_user(target, buffer, done))
		done = -EFAULT;
	kvfree(buffer);
	return done;
}

static ssize_t stream_write(struct file *file, const char __user *source, size_t bytes,
			    loff_t *position)
{
	struct stream *stream = file->private_data;
	struct emu_device *model;
	void *buffer;
	s64 done;

	if (position)
		return -ESPIPE;
	bytes = min_t(size_t, bytes, MAX_TRANSFER);
	buffer = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;
	if (copy_from_user(buffer, source, bytes)) {
		done = -EFAULT;
	} else {
		model = begin_access(stream);
		done = end_access(stream,
				  model ? emu_migration_write(model, buffer, bytes) : -ENODEV);
	}
	kvfree(buffer);
	return done;
}

static int precopy_info(struct stream *stream, struct vfio_precopy_info *info)
{
	struct emu_device *model = begin_access(stream);

	if (!model)
		return end_access(stream, -ENODEV);
#if QPATCH_CORE_HAS_PRECOPY_INFO_V2
	if (stream->device->vdev.precopy_info_v2)
		emu_know_precopy_info_v2(model);
#endif
	return end_access(stream, emu_get_precopy_info(model, info));
}

static long stream_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	unsigned long bytes = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct vfio_precopy_info info;
	int error;

	if (command != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, bytes))
		return -EFAULT;
	error = precopy_info(file->private_data, &info);
	if (error)
		return error;
	return copy_to_user((void __user *)arg, &info, bytes) ? -EFAULT : 0;
}

static int stream_release(struct inode *inode, struct file *file)
{
	struct stream *stream = file->private_data;

	vfio_put_device(&stream->device->vdev);
	kfree(stream);
	return 0;
}

static const struct file_operations reading_operations = {
	.owner = THIS_MODULE,
	.read = stream_read,
	.unlocked_ioctl = stream_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = stream_release,
};

static const struct file_operations writing_operations = {
	.owner = THIS_MODULE,
	.write = stream_write,
	.release = stream_release,
};

struct file *qpatch_stream_new(struct qpatch_device *device, bool reading)
{
	struct stream *stream = kzalloc(sizeof(*stream), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!stream)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("qpatch-migration",
				  reading ? &reading_operations : &writing_operations, stream,
				  reading ? O_RDONLY : O_WRONLY);
	if (IS_ERR(file)) {
		kfree(stream);
		return file;
	}
	stream_open(file_inode(file), file);
	stream->device = device;
	get_device(&device->vdev.device);
	return file;
}

void qpatch_stream_begin(struct file *file)
{
	struct stream *stream = file->private_data;

	stream->session = ++stream->device->session;
}
