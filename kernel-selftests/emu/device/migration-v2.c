// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Protocol v2's VFIO_DEVICE_FEATURE: what the device can do, its state, the
 * size of what is still to be copied.
 */
#include "device-internal.h"

#define OPERATIONS	(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)
#define FLAGS		(OPERATIONS | VFIO_DEVICE_FEATURE_PROBE)

/* As the kernel checks it: 0: go on; 1: a probe, answered by now; or -errno. */
static int check(const struct vfio_device_feature *feature, u32 bytes, u32 allowed, u32 payload)
{
	u32 flags = feature->flags;

	if (flags & OPERATIONS & ~allowed)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 1;
	if (!(flags & OPERATIONS))
		return -EINVAL;
	if (bytes < sizeof(*feature) + payload)
		return -EINVAL;
	return 0;
}

static int feature_migration(struct emu_device *device, struct vfio_device_feature *feature,
			     u32 bytes)
{
	struct vfio_device_feature_migration migration;
	int result = check(feature, bytes, VFIO_DEVICE_FEATURE_GET, sizeof(migration));

	if (result)
		return result < 0 ? result : 0;
	migration.flags = VFIO_MIGRATION_STOP_COPY;
	if (device->profile.p2p)
		migration.flags |= VFIO_MIGRATION_P2P;
	if (device->profile.pre_copy)
		migration.flags |= VFIO_MIGRATION_PRE_COPY;
	memcpy(feature->data, &migration, sizeof(migration));
	return 0;
}

static int feature_data_size(struct emu_device *device, struct vfio_device_feature *feature,
			     u32 bytes)
{
	struct vfio_device_feature_mig_data_size size;
	int result = check(feature, bytes, VFIO_DEVICE_FEATURE_GET, sizeof(size));

	if (result)
		return result < 0 ? result : 0;
	size.stop_copy_length = device->state == VFIO_DEVICE_STATE_STOP_COPY ?
				emu_save_remaining(device, EMU_PHASE_STOP_COPY) :
				emu_stop_copy_size(device);
	memcpy(feature->data, &size, sizeof(size));
	return 0;
}

static int feature_state(struct emu_device *device, struct vfio_device_feature *feature,
			 u32 bytes, enum emu_stream *wanted)
{
	struct vfio_device_feature_mig_state state;
	bool was_saving = device->save.active;
	bool was_loading = device->load.active;
	int result = check(feature, bytes, OPERATIONS, sizeof(state));

	if (result)
		return result < 0 ? result : 0;
	memcpy(&state, feature->data, sizeof(state));
	result = 0;
	if (feature->flags & VFIO_DEVICE_FEATURE_SET) {
		result = emu_set_state(device, state.device_state);
		if (!result && device->save.active && !was_saving)
			*wanted = EMU_STREAM_READ;
		if (!result && device->load.active && !was_loading)
			*wanted = EMU_STREAM_WRITE;
	} else {
		state.device_state = (u32)device->state;
	}
	state.data_fd = -1;
	memcpy(feature->data, &state, sizeof(state));
	return result;
}

int emu_feature(struct emu_device *device, struct vfio_device_feature *feature, u32 bytes,
		enum emu_stream *wanted)
{
	*wanted = EMU_STREAM_NONE;
	if (bytes < sizeof(*feature) || feature->argsz < sizeof(*feature))
		return -EINVAL;
	if (bytes > feature->argsz)
		bytes = feature->argsz;
	if (feature->flags & ~(u32)(VFIO_DEVICE_FEATURE_MASK | FLAGS))
		return -EINVAL;
	/* Getting and setting at once makes sense only to ask whether both work. */
	if ((feature->flags & OPERATIONS) == OPERATIONS &&
	    !(feature->flags & VFIO_DEVICE_FEATURE_PROBE))
		return -EINVAL;
	if (device->profile.protocol != EMU_PROTOCOL_V2)
		return -ENOTTY;

	switch (feature->flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_MIGRATION:
		return feature_migration(device, feature, bytes);
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		return feature_state(device, feature, bytes, wanted);
	case VFIO_DEVICE_FEATURE_MIG_DATA_SIZE:
		return feature_data_size(device, feature, bytes);
	default:
		return -ENOTTY;
	}
}
