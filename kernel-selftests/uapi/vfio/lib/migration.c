// SPDX-License-Identifier: GPL-2.0-or-later
/* The two protocols of migration. */
#include "migration.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#define V1_OFFSET(name) offsetof(struct v1_registers, name)

static const char * const names[NUM_STATES] = {
	[VFIO_DEVICE_STATE_ERROR] = "ERROR",
	[VFIO_DEVICE_STATE_STOP] = "STOP",
	[VFIO_DEVICE_STATE_RUNNING] = "RUNNING",
	[VFIO_DEVICE_STATE_STOP_COPY] = "STOP_COPY",
	[VFIO_DEVICE_STATE_RESUMING] = "RESUMING",
	[VFIO_DEVICE_STATE_RUNNING_P2P] = "RUNNING_P2P",
	[VFIO_DEVICE_STATE_PRE_COPY] = "PRE_COPY",
	[VFIO_DEVICE_STATE_PRE_COPY_P2P] = "PRE_COPY_P2P",
};

const char *state_name(u32 state)
{
	return state < NUM_STATES ? names[state] : "of no name";
}

bool state_is_saving(u32 state)
{
	return state == VFIO_DEVICE_STATE_STOP_COPY || state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

bool device_has_state(const struct device *device, u32 state)
{
	u64 p2p = device->migration_flags & VFIO_MIGRATION_P2P;
	u64 pre_copy = device->migration_flags & VFIO_MIGRATION_PRE_COPY;
	u32 bits;

	if (!device_is_v2(device))
		return v1_bits_of(state, &bits);
	switch (state) {
	case VFIO_DEVICE_STATE_RUNNING_P2P:
		return p2p;
	case VFIO_DEVICE_STATE_PRE_COPY:
		return pre_copy;
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		return p2p && pre_copy;
	default:
		return state < NUM_STATES;
	}
}

int v2_get_state(const struct device *device, u32 *state)
{
	struct vfio_device_feature_mig_state payload = { .data_fd = -1 };
	int error = device_feature(device, VFIO_DEVICE_FEATURE_GET |
				   VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &payload, sizeof(payload));

	*state = payload.device_state;
	return error ?: payload.data_fd == -1 ? 0 : -EBADFD;
}

int v2_set_state(const struct device *device, u32 state, int *fd)
{
	struct vfio_device_feature_mig_state payload = { .device_state = state, .data_fd = -1 };
	int error = device_feature(device, VFIO_DEVICE_FEATURE_SET |
				   VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &payload, sizeof(payload));

	*fd = payload.data_fd;
	return error;
}

int v1_read(const struct device *device, size_t position, void *value, size_t bytes)
{
	ssize_t done = pread(device->fd, value, bytes, device->v1.offset + position);

	return done < 0 ? -errno : (size_t)done == bytes ? 0 : -EIO;
}

int v1_write(const struct device *device, size_t position, const void *value, size_t bytes)
{
	ssize_t done = pwrite(device->fd, value, bytes, device->v1.offset + position);

	return done < 0 ? -errno : (size_t)done == bytes ? 0 : -EIO;
}

int v1_get_bits(const struct device *device, u32 *bits)
{
	int error = v1_read(device, V1_OFFSET(device_state), bits, sizeof(*bits));

	*bits &= V1_STATE_MASK;
	return error;
}

/* Bits that have no meaning are preserved, as the protocol asks for it. */
int v1_set_bits(const struct device *device, u32 bits)
{
	u32 state = 0;
	int error = v1_read(device, V1_OFFSET(device_state), &state, sizeof(state));

	state = (state & ~V1_STATE_MASK) | bits;
	return error ?: v1_write(device, V1_OFFSET(device_state), &state, sizeof(state));
}

static int v1_get(const struct device *device, size_t position, u64 *value)
{
	return v1_read(device, position, value, sizeof(*value));
}

bool v1_bits_of(u32 state, u32 *bits)
{
	switch (state) {
	case VFIO_DEVICE_STATE_STOP:
		*bits = 0;
		return true;
	case VFIO_DEVICE_STATE_RUNNING:
		*bits = V1_RUNNING;
		return true;
	case VFIO_DEVICE_STATE_STOP_COPY:
		*bits = V1_SAVING;
		return true;
	case VFIO_DEVICE_STATE_PRE_COPY:
		*bits = V1_SAVING | V1_RUNNING;
		return true;
	case VFIO_DEVICE_STATE_RESUMING:
		*bits = V1_RESUMING;
		return true;
	case VFIO_DEVICE_STATE_ERROR:
		*bits = V1_SAVING | V1_RESUMING;
		return true;
	default:
		return false;
	}
}

static void keep_data_fd(struct device *device, u32 state, int fd)
{
	bool goes_on = state_is_saving(state) && fd < 0;

	if (device->data_fd >= 0 && !goes_on) {
		close(device->data_fd);
		device->data_fd = -1;
	}
	if (fd >= 0)
		device->data_fd = fd;
}

int migration_set_state(struct device *device, u32 state)
{
	u32 bits;
	int error, fd;

	if (device_is_v2(device)) {
		error = v2_set_state(device, state, &fd);
		if (!error)
			keep_data_fd(device, state, fd);
		return error;
	}
	if (!v1_bits_of(state, &bits))
		return -EINVAL;
	device->v1_left = 0;
	return v1_set_bits(device, bits);
}

int migration_get_state(const struct device *device, u32 *state)
{
	u32 bits, known;
	int error;

	if (device_is_v2(device))
		return v2_get_state(device, state);
	error = v1_get_bits(device, &bits);
	if (error)
		return error;
	for (*state = 0; *state < NUM_STATES; ++*state)
		if (v1_bits_of(*state, &known) && known == bits)
			return 0;
	return -EPROTO;
}

/* Has the device put the next piece of its data into the data area. */
static int next_piece(struct device *device)
{
	u64 pending, offset, size;
	int error = v1_get(device, V1_OFFSET(pending_bytes), &pending);

	if (error || !pending)
		return error;
	error = v1_get(device, V1_OFFSET(data_offset), &offset);
	if (!error)
		error = v1_get(device, V1_OFFSET(data_size), &size);
	if (error)
		return error;
	if (offset > device->v1.size || size > device->v1.size - offset)
		return -EPROTO;
	device->v1_at = offset;
	device->v1_left = size;
	return 0;
}

static ssize_t read_v1(struct device *device, void *buffer, size_t bytes)
{
	ssize_t done;
	int error;

	if (!device->v1_left) {
		error = next_piece(device);
		if (error || !device->v1_left)
			return error;
	}
	if (bytes > device->v1_left)
		bytes = device->v1_left;
	done = pread(device->fd, buffer, bytes, device->v1.offset + device->v1_at);
	if (done < 0)
		return -errno;
	device->v1_at += done;
	device->v1_left -= done;
	return done;
}

ssize_t migration_read(struct device *device, void *buffer, size_t bytes)
{
	ssize_t done;

	if (!device_is_v2(device))
		return read_v1(device, buffer, bytes);
	done = read(device->data_fd, buffer, bytes);
	return done < 0 ? -errno : done;
}

static ssize_t write_v1(struct device *device, const void *buffer, size_t bytes)
{
	u64 offset, size;
	int error = v1_get(device, V1_OFFSET(data_offset), &offset);

	if (error)
		return error;
	if (offset >= device->v1.size)
		return -EPROTO;
	size = device->v1.size - offset;
	if (size > bytes)
		size = bytes;
	error = v1_write(device, offset, buffer, size);
	if (!error)
		error = v1_write(device, V1_OFFSET(data_size), &size, sizeof(size));
	return error ?: (ssize_t)size;
}

ssize_t migration_write(struct device *device, const void *buffer, size_t bytes)
{
	ssize_t done;

	if (!device_is_v2(device))
		return write_v1(device, buffer, bytes);
	done = write(device->data_fd, buffer, bytes);
	return done < 0 ? -errno : done;
}
