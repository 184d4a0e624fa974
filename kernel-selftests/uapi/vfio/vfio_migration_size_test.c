// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFIO_DEVICE_FEATURE_MIG_DATA_SIZE: an estimate of the data of stop-copy, in
 * every state.  Being an estimate, it is held only against what no estimate
 * should be: nothing where there are data, or out of all proportion.
 */
#include <errno.h>

#include "migration_test.h"

#define PROPORTION 16

FIXTURE(size) {
	struct device *device;
	struct stream stream;
};

FIXTURE_SETUP(size)
{
	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	REQUIRE(device_is_v2(self->device), "the device does not speak protocol v2");
	REQUIRE(!device_feature(self->device, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
				VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, NULL, 0),
		"the kernel or the device has no MIG_DATA_SIZE");
	REQUIRE_STATES(self->device);
	REQUIRE_TRANSFER(self->device, &self->stream);
	stream_free(&self->stream);
}

FIXTURE_TEARDOWN(size)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

static int get_size(const struct device *device, u64 *bytes)
{
	struct vfio_device_feature_mig_data_size size = { 0 };
	int error = device_feature(device, VFIO_DEVICE_FEATURE_GET |
				   VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size, sizeof(size));

	*bytes = size.stop_copy_length;
	return error;
}

TEST_F(size, only_to_be_read)
{
	u64 bytes = 0;

	EXPECT_EQ(-EINVAL, device_feature(self->device, VFIO_DEVICE_FEATURE_SET |
					  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &bytes,
					  sizeof(bytes)));
	EXPECT_EQ(-EINVAL, device_feature(self->device, VFIO_DEVICE_FEATURE_GET |
					  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, NULL, 0));
}

TEST_F(size, every_state)
{
	u32 state, before, after;
	u64 bytes;

	for (state = VFIO_DEVICE_STATE_STOP; state < NUM_STATES; state++) {
		if (!device_has_state(self->device, state))
			continue;
		OPEN_ANEW(self->device, 0, OPEN_BY_ANY);
		ASSERT_EQ(0, migration_set_state(self->device, state));
		ASSERT_EQ(0, v2_get_state(self->device, &before));
		EXPECT_EQ(0, get_size(self->device, &bytes))
			TH_LOG("in %s", state_name(state));
		EXPECT_EQ(0, v2_get_state(self->device, &after));
		EXPECT_EQ(before, after);
	}
}

static void check_estimate(struct __test_metadata *_metadata, u64 estimate, u64 actual)
{
	/* Little may be said of little. */
	EXPECT_LE(actual, (estimate ? estimate + STREAM_READ : 0) * PROPORTION)
		TH_LOG("announced: %ju bytes, come: %ju", (uintmax_t)estimate, (uintmax_t)actual);
	EXPECT_LE(estimate, (actual + STREAM_READ) * PROPORTION)
		TH_LOG("announced: %ju bytes, come: %ju", (uintmax_t)estimate, (uintmax_t)actual);
}

TEST_F(size, estimate_of_a_running_device)
{
	u64 bytes;

	ASSERT_EQ(0, get_size(self->device, &bytes));
	ASSERT_EQ(0, stream_save(self->device, &self->stream, device_has_state(self->device,
									       VFIO_DEVICE_STATE_PRE_COPY)));
	check_estimate(_metadata, bytes, self->stream.bytes - self->stream.pre_copy);
}

TEST_F(size, estimate_of_a_stopped_device)
{
	u64 bytes;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, get_size(self->device, &bytes));
	ASSERT_EQ(0, stream_read(self->device, &self->stream, STREAM_READ));
	check_estimate(_metadata, bytes, self->stream.bytes);
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
