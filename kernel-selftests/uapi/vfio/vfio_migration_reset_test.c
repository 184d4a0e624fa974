// SPDX-License-Identifier: GPL-2.0-or-later
/* VFIO_DEVICE_RESET in every state: the device runs, transfers have ended, and it works again. */
#include <errno.h>

#include "migration_test.h"

#include "lib/driver.h"

FIXTURE(reset) {
	struct device *device;
	struct stream stream;
};

FIXTURE_SETUP(reset)
{
	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	REQUIRE(device_can_reset(self->device), "the device cannot be reset");
	REQUIRE_STATES(self->device);
	REQUIRE_TRANSFER(self->device, &self->stream);
}

FIXTURE_TEARDOWN(reset)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

static void check_new(struct __test_metadata *_metadata, struct device *device, u32 from)
{
	struct stream again = { 0 };
	u32 state = NUM_STATES;

	EXPECT_EQ(0, device_reset(device))
		TH_LOG("in %s", state_name(from));
	EXPECT_EQ(0, migration_get_state(device, &state));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, state)
		TH_LOG("a reset in %s leads to %s", state_name(from), state_name(state));
	EXPECT_EQ(0, stream_save(device, &again, false));
	EXPECT_NE(0, again.bytes);
	EXPECT_EQ(0, migration_set_state(device, VFIO_DEVICE_STATE_RUNNING));
	stream_free(&again);
}

TEST_F(reset, every_state)
{
	u32 state;

	for (state = VFIO_DEVICE_STATE_STOP; state < NUM_STATES; state++) {
		if (!device_has_state(self->device, state))
			continue;
		ASSERT_EQ(0, migration_set_state(self->device, state));
		check_new(_metadata, self->device, state);
	}
}

TEST_F(reset, ends_saving)
{
	u8 byte;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_LT(0, migration_read(self->device, &byte, 1));
	EXPECT_EQ(0, device_reset(self->device));
	EXPECT_GE(0, migration_read(self->device, &byte, 1));
	check_new(_metadata, self->device, VFIO_DEVICE_STATE_RUNNING);
}

TEST_F(reset, ends_resuming)
{
	size_t half = self->stream.bytes / 2;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	ASSERT_EQ(0, stream_write(self->device, self->stream.data, half, STREAM_READ));
	EXPECT_EQ(0, device_reset(self->device));
	EXPECT_GE(0, migration_write(self->device, self->stream.data + half,
				     self->stream.bytes - half));
	check_new(_metadata, self->device, VFIO_DEVICE_STATE_RUNNING);
	/* What had been written before is forgotten. */
	EXPECT_EQ(0, stream_load(self->device, &self->stream));
	EXPECT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
}

TEST_F(reset, of_a_device_that_was_loaded)
{
	ASSERT_EQ(0, stream_load(self->device, &self->stream));
	check_new(_metadata, self->device, VFIO_DEVICE_STATE_STOP);
	ASSERT_EQ(0, stream_load(self->device, &self->stream));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
	check_new(_metadata, self->device, VFIO_DEVICE_STATE_RUNNING);
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
