// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Protocol v2's VFIO_DEVICE_FEATURE: what the device can do, its state, the
 * size of what is still to be copied.
 */
#include "migration-v2.h"

#include "faults.h"
#include "log.h"
#include "migration.h"
#include "model.h"
#include "save.h"

#define OPERATIONS	(VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)
#define FLAGS		(OPERATIONS | VFIO_DEVICE_FEATURE_PROBE)

static int get_migration(struct emu_device *device, struct vfio_device_feature *feature,
			 enum emu_stream *wanted)
{
	struct vfio_device_feature_migration migration = { .flags = VFIO_MIGRATION_STOP_COPY };

	(void)wanted;
	if (device->profile.p2p)
		migration.flags |= VFIO_MIGRATION_P2P;
	if (device->profile.pre_copy)
		migration.flags |= VFIO_MIGRATION_PRE_COPY;
	if (emu_fault(device, EMU_OPERATION_MIGRATION_FLAGS, -1) == EMU_FAULT_ZERO)
		migration.flags = 0;
	if (device->profile.config_first)
		migration.flags |= VFIO_MIGRATION_CONFIG_FIRST;
	memcpy(feature->data, &migration, sizeof(migration));
	return 0;
}

/* QEMU asks again and again: each other answer is enough in the log. */
static void log_size(struct emu_device *device, u64 bytes)
{
	struct emu_text text = { .length = 0 };

	if (device->save.told == bytes)
		return;
	device->save.told = bytes;
	emu_text_number(&text, "bytes", bytes);
	emu_log(device, "data-size", &text);
}

static int get_data_size(struct emu_device *device, struct vfio_device_feature *feature,
			 enum emu_stream *wanted)
{
	struct vfio_device_feature_mig_data_size size;

	(void)wanted;
	size.stop_copy_length = device->state == VFIO_DEVICE_STATE_STOP_COPY ?
				emu_save_remaining(device, EMU_PHASE_STOP_COPY) :
				emu_stop_copy_size(device);
	switch (emu_fault(device, EMU_OPERATION_DATA_SIZE, -1)) {
	case EMU_FAULT_MORE:
		size.stop_copy_length += (u64)EMU_FAULT_BYTES << 20;
		break;
	case EMU_FAULT_ZERO:
		size.stop_copy_length = 0;
		break;
	}
	log_size(device, size.stop_copy_length);
	memcpy(feature->data, &size, sizeof(size));
	return 0;
}

static int set_or_get_state(struct emu_device *device, struct vfio_device_feature *feature,
			    enum emu_stream *wanted)
{
	struct vfio_device_feature_mig_state state;
	bool was_saving = device->save.active;
	bool was_loading = device->load.active;
	int result = 0;

	memcpy(&state, feature->data, sizeof(state));
	if (feature->flags & VFIO_DEVICE_FEATURE_SET) {
		device->by_v1 = false;
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

void emu_know_precopy_info_v2(struct emu_device *device)
{
	device->precopy_info_v2 = true;
}

static int set_precopy_info_v2(struct emu_device *device, struct vfio_device_feature *feature,
			       enum emu_stream *wanted)
{
	(void)feature;
	(void)wanted;
	emu_know_precopy_info_v2(device);
	return 0;
}

static const struct feature {
	u32 id;
	u32 operations;		/* that it knows */
	u32 payload;		/* bytes that follow the header */
	int (*serve)(struct emu_device *device, struct vfio_device_feature *feature,
		     enum emu_stream *wanted);
} features[] = {
	{ VFIO_DEVICE_FEATURE_MIGRATION, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct vfio_device_feature_migration), get_migration },
	{ VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, OPERATIONS,
	  sizeof(struct vfio_device_feature_mig_state), set_or_get_state },
	{ VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct vfio_device_feature_mig_data_size), get_data_size },
	{ VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, VFIO_DEVICE_FEATURE_SET, 0, set_precopy_info_v2 },
};

static const struct feature *find_feature(u32 id)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].id == id)
			return &features[i];
	return NULL;
}

/* In the order in which the kernel checks it. */
static int serve(struct emu_device *device, const struct feature *kind,
		 struct vfio_device_feature *feature, u32 bytes, enum emu_stream *wanted)
{
	u32 operations = feature->flags & OPERATIONS;

	if (kind->serve == set_precopy_info_v2 && !device->profile.pre_copy)
		return -EINVAL;
	if (operations & ~kind->operations)
		return -EINVAL;
	if (feature->flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (!operations || bytes < sizeof(*feature) + kind->payload)
		return -EINVAL;
	return kind->serve(device, feature, wanted);
}

int emu_feature(struct emu_device *device, struct vfio_device_feature *feature, u32 bytes,
		enum emu_stream *wanted)
{
	const struct feature *kind;

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
	if (!emu_has_protocol(device, EMU_PROTOCOL_V2))
		return -ENOTTY;
	kind = find_feature(feature->flags & VFIO_DEVICE_FEATURE_MASK);
	return kind ? serve(device, kind, feature, bytes, wanted) : -ENOTTY;
}
