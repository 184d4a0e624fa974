// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Migration protocol v2: what the vfio core wants of a driver, put to the model
 * as the ioctl that it was.
 */
#include <linux/file.h>
#include <linux/uaccess.h>

#include "qpatch.h"

#define MAX_PAYLOAD	64	/* of the features that come as they are */

struct request {
	struct vfio_device_feature feature;
	u8 payload[MAX_PAYLOAD];
};

/* With the device's lock; `bytes` of payload. */
static int serve(struct qpatch_device *device, struct request *request, u32 flags, size_t bytes,
		 enum emu_stream *wanted)
{
	request->feature.argsz = sizeof(request->feature) + bytes;
	request->feature.flags = flags;
	return emu_feature(device->model, &request->feature, request->feature.argsz, wanted);
}

static bool begins_stream(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_RESUMING || emu_is_saving_state(state);
}

static struct file *set_state(struct vfio_device *vdev, enum vfio_device_mig_state state)
{
	struct vfio_device_feature_mig_state payload = { .device_state = state };
	struct qpatch_device *device = qpatch_device(vdev);
	struct request request = {};
	enum emu_stream wanted;
	struct file *file = NULL;
	int error;

	/* Before the state changes, which cannot be taken back. */
	if (begins_stream(state)) {
		file = qpatch_stream_new(device, state != VFIO_DEVICE_STATE_RESUMING);
		if (IS_ERR(file))
			return file;
	}
	memcpy(request.payload, &payload, sizeof(payload));
	mutex_lock(&device->lock);
	error = serve(device, &request,
		      VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		      sizeof(payload), &wanted);
	if (!error && wanted != EMU_STREAM_NONE)
		qpatch_stream_begin(file);
	mutex_unlock(&device->lock);
	if (file && (error || wanted == EMU_STREAM_NONE)) {
		fput(file);
		file = NULL;
	}
	return error ? ERR_PTR(error) : file;
}

static int get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	struct qpatch_device *device = qpatch_device(vdev);

	mutex_lock(&device->lock);
	*state = emu_state(device->model);
	mutex_unlock(&device->lock);
	return 0;
}

#if QPATCH_CORE_HAS_PRE_COPY
static int get_data_size(struct vfio_device *vdev, unsigned long *bytes)
{
	struct vfio_device_feature_mig_data_size payload;
	struct qpatch_device *device = qpatch_device(vdev);
	struct request request = {};
	enum emu_stream wanted;
	int error;

	mutex_lock(&device->lock);
	error = serve(device, &request,
		      VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, sizeof(payload),
		      &wanted);
	mutex_unlock(&device->lock);
	memcpy(&payload, request.payload, sizeof(payload));
	*bytes = payload.stop_copy_length;
	return error;
}
#endif

const struct vfio_migration_ops qpatch_migration_ops = {
	.migration_set_state = set_state,
	.migration_get_state = get_state,
#if QPATCH_CORE_HAS_PRE_COPY
	.migration_get_data_size = get_data_size,
#endif
};

/* The features that the core of this kernel does not know. */
int qpatch_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t bytes)
{
	struct qpatch_device *device = qpatch_device(vdev);
	struct request request = {};
	enum emu_stream wanted;
	int error;

	bytes = min_t(size_t, bytes, MAX_PAYLOAD);
	if (copy_from_user(request.payload, arg, bytes))
		return -EFAULT;
	mutex_lock(&device->lock);
	error = serve(device, &request, flags, bytes, &wanted);
	mutex_unlock(&device->lock);
	if (error || !(flags & VFIO_DEVICE_FEATURE_GET) || flags & VFIO_DEVICE_FEATURE_PROBE)
		return error;
	return copy_to_user(arg, request.payload, bytes) ? -EFAULT : 0;
}
