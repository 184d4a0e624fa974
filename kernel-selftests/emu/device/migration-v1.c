// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Protocol v1 (QEMU 5.2 to 7.2): a region that begins with registers, whose
 * data area follows a page later and may be mapped.  Newer headers have lost
 * struct vfio_device_migration_info, so its layout is here.
 */
#include "migration-v1.h"

#include "bytes.h"
#include "faults.h"
#include "migration-data.h"
#include "migration.h"
#include "model.h"
#include "save.h"
#include "states.h"

enum v1_register {
	V1_DEVICE_STATE = 0,	/* 32 bits, as is the reserved word after it */
	V1_RESERVED = 4,
	V1_PENDING_BYTES = 8,	/* 64 bits, as all that follow */
	V1_DATA_OFFSET = 16,
	V1_DATA_SIZE = 24,
	V1_END = 32,
};

#define V1_RUNNING	(1u << 0)
#define V1_SAVING	(1u << 1)
#define V1_RESUMING	(1u << 2)
#define V1_STATE_BITS	(V1_RUNNING | V1_SAVING | V1_RESUMING)

#define BIT_OF(state)	(1u << (state))

static const struct {
	u32 bits;
	u32 state;
	u32 next;	/* what can follow: in the header's picture, and in QEMU */
} states[] = {
	{ 0, VFIO_DEVICE_STATE_STOP,
	  BIT_OF(VFIO_DEVICE_STATE_RUNNING) | BIT_OF(VFIO_DEVICE_STATE_STOP_COPY) |
	  BIT_OF(VFIO_DEVICE_STATE_RESUMING) },
	{ V1_RUNNING, VFIO_DEVICE_STATE_RUNNING,
	  BIT_OF(VFIO_DEVICE_STATE_STOP) | BIT_OF(VFIO_DEVICE_STATE_PRE_COPY) |
	  BIT_OF(VFIO_DEVICE_STATE_STOP_COPY) | BIT_OF(VFIO_DEVICE_STATE_RESUMING) },
	{ V1_SAVING, VFIO_DEVICE_STATE_STOP_COPY,
	  BIT_OF(VFIO_DEVICE_STATE_STOP) | BIT_OF(VFIO_DEVICE_STATE_RUNNING) },
	{ V1_SAVING | V1_RUNNING, VFIO_DEVICE_STATE_PRE_COPY,
	  BIT_OF(VFIO_DEVICE_STATE_STOP_COPY) | BIT_OF(VFIO_DEVICE_STATE_RUNNING) },
	{ V1_RESUMING, VFIO_DEVICE_STATE_RESUMING,
	  BIT_OF(VFIO_DEVICE_STATE_RUNNING) | BIT_OF(VFIO_DEVICE_STATE_STOP) },
	{ V1_SAVING | V1_RESUMING, VFIO_DEVICE_STATE_ERROR, 0 },
};

static u32 state_bits(const struct emu_device *device)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].state == (u32)device->state)
			return states[i].bits;
	return V1_SAVING | V1_RESUMING;
}

static bool may_follow(const struct emu_device *device, u32 state)
{
	u32 i;

	if (state == (u32)device->state)
		return true;
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].state == (u32)device->state)
			return states[i].next & BIT_OF(state);
	return false;
}

static s64 write_state(struct emu_device *device, u32 bits)
{
	u32 i;

	device->by_v1 = true;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (states[i].bits != (bits & V1_STATE_BITS))
			continue;
		if (!may_follow(device, states[i].state))
			return emu_refuse_state(device, states[i].state);
		return emu_set_state(device, states[i].state);
	}
	return emu_refuse_state(device, EMU_NUM_STATES);
}

/* In v1 the pre-copy state exists for devices that have no data in it as well. */
static u64 pending(const struct emu_device *device)
{
	u32 phase = emu_phase(device);

	if (!device->save.active)
		return 0;
	if (phase == EMU_PHASE_PRE_COPY && !device->profile.pre_copy)
		return 0;
	return emu_save_remaining(device, phase);
}

static u64 reported_pending(struct emu_device *device)
{
	switch (emu_fault(device, EMU_OPERATION_PENDING_BYTES, -1)) {
	case EMU_FAULT_MORE:
		return pending(device) + EMU_FAULT_BYTES;
	case EMU_FAULT_ZERO:
		return 0;
	default:
		return pending(device);
	}
}

static int prepare(struct emu_device *device)
{
	s64 bytes;

	if (device->save.prepared || !pending(device))
		return 0;
	bytes = emu_data_read(device, device->migration_data, device->migration_data_size);
	if (bytes < 0)
		return (int)bytes;
	device->save.prepared = (u32)bytes;
	return 0;
}

static s64 read_field(struct emu_device *device, u32 field, u64 *value)
{
	int error = 0;

	switch (field) {
	case V1_DEVICE_STATE:
		*value = state_bits(device);
		break;
	case V1_PENDING_BYTES:
		emu_save_take_prepared(device);
		*value = reported_pending(device);
		break;
	case V1_DATA_OFFSET:
		error = prepare(device);
		*value = EMU_MIGRATION_DATA_OFFSET;
		break;
	case V1_DATA_SIZE:
		*value = device->save.prepared;
		break;
	default:
		*value = 0;
		break;
	}
	return error;
}

/* The user says that the data area holds so many bytes for a resuming device. */
static s64 write_size(struct emu_device *device, u64 size)
{
	s64 done;

	if (!device->load.active || size > device->migration_data_size)
		return -EINVAL;
	done = emu_data_write(device, device->migration_data, size);
	if (done < 0)
		return done;
	return (u64)done == size ? 0 : -EINVAL;
}

static u32 field_bytes(u64 position)
{
	return position < V1_PENDING_BYTES ? 4 : 8;
}

static bool is_data(const struct emu_device *device, u64 position, u64 bytes)
{
	return position >= EMU_MIGRATION_DATA_OFFSET &&
	       position - EMU_MIGRATION_DATA_OFFSET + bytes <= device->migration_data_size;
}

/* Registers only by their own width. */
static bool is_field(u64 position, u64 bytes)
{
	return position < V1_END && bytes == field_bytes(position) && position % bytes == 0;
}

s64 emu_v1_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes)
{
	u8 field[8];
	u64 value;
	s64 error;

	if (is_data(device, position, bytes)) {
		memcpy(buffer, device->migration_data + position - EMU_MIGRATION_DATA_OFFSET,
		       bytes);
		return (s64)bytes;
	}
	if (!is_field(position, bytes))
		return -EINVAL;
	error = read_field(device, (u32)position, &value);
	if (error)
		return error;
	emu_put64(field, value);
	memcpy(buffer, field, bytes);
	return (s64)bytes;
}

s64 emu_v1_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes)
{
	s64 error = 0;

	if (is_data(device, position, bytes)) {
		memcpy(device->migration_data + position - EMU_MIGRATION_DATA_OFFSET, buffer,
		       bytes);
		return (s64)bytes;
	}
	if (!is_field(position, bytes))
		return -EINVAL;
	if (position == V1_DEVICE_STATE)
		error = write_state(device, emu_get32(buffer));
	else if (position == V1_DATA_SIZE)
		error = write_size(device, emu_get64(buffer));
	return error ? error : (s64)bytes;
}
