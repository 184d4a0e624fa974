// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device's state goes through a stream and comes out as it was: saved from one
 * device, loaded into another, saved again.  Without a second device, the first
 * one is closed and opened again in between.
 */
#include <errno.h>
#include <unistd.h>

#include "migration_test.h"

#include "lib/driver.h"

#define SEED 0x5eed1234
#define OTHER_SEED 0x07e50abc

FIXTURE(stream) {
	struct device *device;
	struct stream saved, again;
};

FIXTURE_SETUP(stream)
{
	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
}

FIXTURE_TEARDOWN(stream)
{
	stream_free(&self->saved);
	stream_free(&self->again);
	device_leave(self->device);
}

static void mark(struct __test_metadata *_metadata, struct device *device, u32 *digest)
{
	*digest = 0;
	if (!device->driver)
		return;
	ASSERT_EQ(0, device->driver->mark(device, SEED));
	ASSERT_EQ(0, device->driver->digest(device, digest));
}

static void check_mark(struct __test_metadata *_metadata, struct device *device, u32 digest)
{
	u32 seen = ~digest;

	if (!device->driver)
		return;
	EXPECT_EQ(0, device->driver->digest(device, &seen));
	EXPECT_EQ(digest, seen);
	if (!device->driver->state_is_right)
		return;
	EXPECT_EQ(1, device->driver->state_is_right(device));
}

/* So that what it loads shows: a device may have kept what it was saved with. */
static void mark_otherwise(struct __test_metadata *_metadata, struct device *device, u32 digest)
{
	u32 seen = digest;

	if (!device->driver)
		return;
	ASSERT_EQ(0, migration_set_state(device, VFIO_DEVICE_STATE_RUNNING));
	ASSERT_EQ(0, device->driver->mark(device, OTHER_SEED));
	ASSERT_EQ(0, device->driver->digest(device, &seen));
	ASSERT_NE(digest, seen);
}

/* A device of the same kind in the place of this one, with another state. */
static void take_other(struct __test_metadata *_metadata, struct device **device, u32 digest)
{
	OPEN_ANEW(*device, device_count() > 1, OPEN_BY_ANY);
	mark_otherwise(_metadata, *device, digest);
}

/* Two saves of a device that does not run: if they differ, comparing streams shows nothing. */
static bool is_deterministic(struct __test_metadata *_metadata, struct device *device)
{
	struct stream first = { 0 }, second = { 0 };
	bool same;

	ASSERT_EQ(0, stream_save(device, &first, false));
	ASSERT_EQ(0, stream_save(device, &second, false));
	same = stream_equal(&first, &second);
	stream_free(&first);
	stream_free(&second);
	return same;
}

static void round_trip(struct __test_metadata *_metadata, struct device **device,
		       struct stream *saved, struct stream *again, bool pre_copy)
{
	struct stream before = { 0 };
	bool deterministic;
	u32 digest;

	mark(_metadata, *device, &digest);
	ASSERT_EQ(0, stream_save(*device, saved, pre_copy));
	ASSERT_NE(0, saved->bytes);
	deterministic = is_deterministic(_metadata, *device);
	ASSERT_EQ(0, stream_save(*device, &before, false));

	take_other(_metadata, device, digest);
	ASSERT_EQ(0, stream_load(*device, saved));
	ASSERT_EQ(0, stream_save(*device, again, false));
	ASSERT_EQ(0, migration_set_state(*device, VFIO_DEVICE_STATE_RUNNING));
	check_mark(_metadata, *device, digest);
	EXPECT_TRUE(!deterministic || stream_equal(&before, again))
		TH_LOG("what was loaded is not saved as it was before");
	stream_free(&before);
	REQUIRE(deterministic || (*device)->driver,
		"no save is as the one before, and nothing is known of this device");
}

TEST_F(stream, round_trip)
{
	round_trip(_metadata, &self->device, &self->saved, &self->again, false);
}

TEST_F(stream, round_trip_with_pre_copy)
{
	REQUIRE(device_has_state(self->device, VFIO_DEVICE_STATE_PRE_COPY),
		"the device has no PRE_COPY");
	round_trip(_metadata, &self->device, &self->saved, &self->again, true);
}

/* What shows that the round trips do not compare nothing with nothing. */
TEST_F(stream, state_is_in_the_stream)
{
	u32 digest;

	REQUIRE(self->device->driver, "nothing is known of this device");
	ASSERT_EQ(0, stream_save(self->device, &self->saved, false));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
	mark(_metadata, self->device, &digest);
	ASSERT_EQ(0, stream_save(self->device, &self->again, false));
	EXPECT_FALSE(stream_equal(&self->saved, &self->again));
}

/* The reader takes what it wants at a time, down to a byte. */
TEST_F(stream, read_in_pieces)
{
	u8 byte;
	int i;

	REQUIRE(is_deterministic(_metadata, self->device), "no save is as the one before");
	ASSERT_EQ(0, stream_save(self->device, &self->saved, false));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	for (i = 0; i < 20; i++) {
		ASSERT_LE(0, migration_read(self->device, &byte, 1));
		stream_add(&self->again, &byte, 1);
	}
	ASSERT_EQ(0, stream_read(self->device, &self->again, 4093));
	EXPECT_TRUE(stream_equal(&self->saved, &self->again));
}

/* "The user is not required to preserve buffer segmentation". */
TEST_F(stream, written_in_pieces)
{
	u32 digest;

	mark(_metadata, self->device, &digest);
	ASSERT_EQ(0, stream_save(self->device, &self->saved, false));
	take_other(_metadata, &self->device, digest);
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	ASSERT_LT(20, self->saved.bytes);
	ASSERT_EQ(0, stream_write(self->device, self->saved.data, 20, 1));
	ASSERT_EQ(0, stream_write(self->device, self->saved.data + 20, self->saved.bytes - 20,
				  4093));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
	check_mark(_metadata, self->device, digest);
}

TEST_F(stream, loaded_twice)
{
	u32 digest;
	int i;

	mark(_metadata, self->device, &digest);
	ASSERT_EQ(0, stream_save(self->device, &self->saved, false));
	for (i = 0; i < 2; i++) {
		mark_otherwise(_metadata, self->device, digest);
		ASSERT_EQ(0, stream_load(self->device, &self->saved));
		ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
		check_mark(_metadata, self->device, digest);
	}
}

TEST_F(stream, end_stays_the_end)
{
	u8 byte;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, stream_read(self->device, &self->saved, STREAM_READ));
	EXPECT_EQ(0, migration_read(self->device, &byte, 1));
	EXPECT_EQ(0, migration_read(self->device, &byte, 1));
}

TEST_F(stream, one_direction)
{
	u8 byte = 0;

	REQUIRE(device_is_v2(self->device), "v1 has no descriptors for data");
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	EXPECT_EQ(-1, write(self->device->data_fd, &byte, 1));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	EXPECT_EQ(-1, read(self->device->data_fd, &byte, 1));
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
