// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state machine of protocol v2, as <linux/vfio.h> has it: every transition
 * between two states that the device supports, those that are not permitted,
 * and the state ERROR.
 */
#include <errno.h>
#include <unistd.h>

#include "migration_test.h"

FIXTURE(state) {
	struct device *device;
	struct stream stream;
	u32 found;	/* in this state it was, opened */
};

FIXTURE_VARIANT(state) {
	enum open_by by;
};

FIXTURE_VARIANT_ADD(state, group) {
	.by = OPEN_BY_GROUP,
};

FIXTURE_VARIANT_ADD(state, cdev) {
	.by = OPEN_BY_CDEV,
};

FIXTURE_SETUP(state)
{
	OPEN_DEVICE(self->device, 0, variant->by);
	REQUIRE(device_is_v2(self->device), "the device does not speak protocol v2");
	ASSERT_EQ(0, v2_get_state(self->device, &self->found));
	HAVE_IT_RUN(self->device);
}

FIXTURE_TEARDOWN(state)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

static bool starts_transfer(u32 from, u32 to)
{
	if (to == VFIO_DEVICE_STATE_RESUMING)
		return from != to;
	return state_is_saving(to) && !state_is_saving(from);
}

/* Of states that the device has. */
static bool is_permitted(u32 from, u32 to)
{
	if (from == VFIO_DEVICE_STATE_ERROR || to == VFIO_DEVICE_STATE_ERROR)
		return false;
	return from != VFIO_DEVICE_STATE_STOP_COPY || to == VFIO_DEVICE_STATE_STOP_COPY ||
	       !state_is_saving(to);
}

/* From RUNNING; in RESUMING, all the data are written, too. */
static int enter(struct device *device, u32 state, const struct stream *stream)
{
	int error = migration_set_state(device, VFIO_DEVICE_STATE_RUNNING);

	if (!error)
		error = migration_set_state(device, state);
	if (!error && state == VFIO_DEVICE_STATE_RESUMING)
		error = stream_write(device, stream->data, stream->bytes, STREAM_READ);
	return error;
}

static void check_arc(struct __test_metadata *_metadata, struct device *device, u32 from, u32 to)
{
	u32 state = NUM_STATES;
	int error, fd;

	error = v2_set_state(device, to, &fd);
	EXPECT_EQ(0, error)
		TH_LOG("%s to %s: %s", state_name(from), state_name(to), strerror(-error));
	EXPECT_EQ(0, v2_get_state(device, &state));
	EXPECT_EQ(to, state)
		TH_LOG("%s to %s: the device is in %s", state_name(from), state_name(to),
		       state_name(state));
	EXPECT_EQ(starts_transfer(from, to), fd >= 0)
		TH_LOG("%s to %s: data_fd is %d", state_name(from), state_name(to), fd);
	if (fd < 0)
		return;
	if (device->data_fd >= 0)
		close(device->data_fd);
	device->data_fd = fd;
}

TEST_F(state, features)
{
	const u32 get = VFIO_DEVICE_FEATURE_GET, set = VFIO_DEVICE_FEATURE_SET;
	const u32 probe = VFIO_DEVICE_FEATURE_PROBE;
	const u32 migration = VFIO_DEVICE_FEATURE_MIGRATION;
	const u32 state = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	struct vfio_device_feature_mig_state payload = { .device_state = VFIO_DEVICE_STATE_STOP };
	u64 flags = 0;

	EXPECT_EQ(0, device_feature(self->device, probe | get | migration, NULL, 0));
	EXPECT_EQ(-EINVAL, device_feature(self->device, probe | set | migration, NULL, 0));
	EXPECT_EQ(-EINVAL, device_feature(self->device, set | migration, &flags, sizeof(flags)));
	EXPECT_EQ(-EINVAL, device_feature(self->device, get | migration, NULL, 0));

	EXPECT_EQ(0, device_feature(self->device, probe | get | state, NULL, 0));
	EXPECT_EQ(0, device_feature(self->device, probe | set | state, NULL, 0));
	EXPECT_EQ(0, device_feature(self->device, probe | get | set | state, NULL, 0));
	EXPECT_EQ(-EINVAL, device_feature(self->device, get | state, &payload, 4));
	EXPECT_EQ(-EINVAL, device_feature(self->device, get | set | state, &payload,
					  sizeof(payload)));
	EXPECT_EQ(-EINVAL, device_feature(self->device, state, &payload, sizeof(payload)));
}

TEST_F(state, new_device_runs)
{
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, self->found)
		TH_LOG("opened, it is in %s", state_name(self->found));
}

TEST_F(state, arcs)
{
	u32 from, to;

	for (from = VFIO_DEVICE_STATE_STOP; from < NUM_STATES; from++) {
		if (from == VFIO_DEVICE_STATE_RESUMING || !device_has_state(self->device, from))
			continue;
		for (to = VFIO_DEVICE_STATE_STOP; to < NUM_STATES; to++) {
			if (!device_has_state(self->device, to) || !is_permitted(from, to))
				continue;
			OPEN_ANEW(self->device, 0, variant->by);
			ASSERT_EQ(0, enter(self->device, from, &self->stream))
				TH_LOG("RUNNING to %s", state_name(from));
			check_arc(_metadata, self->device, from, to);
		}
	}
}

TEST_F(state, arcs_from_resuming)
{
	u32 to;

	REQUIRE_TRANSFER(self->device, &self->stream);
	for (to = VFIO_DEVICE_STATE_STOP; to < NUM_STATES; to++) {
		if (!device_has_state(self->device, to))
			continue;
		ASSERT_EQ(0, enter(self->device, VFIO_DEVICE_STATE_RESUMING, &self->stream));
		check_arc(_metadata, self->device, VFIO_DEVICE_STATE_RESUMING, to);
		OPEN_ANEW(self->device, 0, variant->by);
	}
}

/* Refused, and nothing has changed. */
static void check_refused(struct __test_metadata *_metadata, struct device *device, u32 from,
			  u32 to)
{
	u32 state = NUM_STATES;
	int error, fd;

	error = v2_set_state(device, to, &fd);
	EXPECT_NE(0, error)
		TH_LOG("%s to %u (%s) is accepted", state_name(from), to, state_name(to));
	EXPECT_TRUE(error || fd < 0);
	EXPECT_EQ(0, v2_get_state(device, &state));
	EXPECT_EQ(from, state)
		TH_LOG("%s to %u (%s): the device is in %s", state_name(from), to, state_name(to),
		       state_name(state));
}

TEST_F(state, forbidden_arcs)
{
	const u32 unknown[] = { 0x7fffffff, 0xffffffff };
	u32 from, to, i;

	for (from = VFIO_DEVICE_STATE_STOP; from < NUM_STATES; from++) {
		if (!device_has_state(self->device, from))
			continue;
		OPEN_ANEW(self->device, 0, variant->by);
		ASSERT_EQ(0, migration_set_state(self->device, from))
			TH_LOG("RUNNING to %s", state_name(from));
		for (to = 0; to < NUM_STATES; to++)
			if (!device_has_state(self->device, to) || !is_permitted(from, to))
				check_refused(_metadata, self->device, from, to);
		for (i = 0; i < ARRAY_SIZE(unknown); i++)
			check_refused(_metadata, self->device, from, unknown[i]);
	}
}

TEST_F(state, transfer_ends_with_saving)
{
	u8 buffer[512];

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_LT(0, migration_read(self->device, buffer, sizeof(buffer)));
	/* Not by migration_set_state(), which closes it. */
	int fd, ignored;

	ASSERT_EQ(0, v2_set_state(self->device, VFIO_DEVICE_STATE_STOP, &fd));
	EXPECT_GE(0, migration_read(self->device, buffer, sizeof(buffer)));
	ASSERT_EQ(0, v2_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	ASSERT_LE(0, fd);
	EXPECT_GE(0, migration_read(self->device, buffer, sizeof(buffer)));
	EXPECT_LT(0, read(fd, buffer, sizeof(buffer)));
	close(fd);
	EXPECT_EQ(0, v2_set_state(self->device, VFIO_DEVICE_STATE_RUNNING, &ignored));
}

TEST_F(state, transfer_ends_with_resuming)
{
	int old, fd;

	REQUIRE_TRANSFER(self->device, &self->stream);
	ASSERT_EQ(0, enter(self->device, VFIO_DEVICE_STATE_RESUMING, &self->stream));
	ASSERT_EQ(0, v2_set_state(self->device, VFIO_DEVICE_STATE_STOP, &fd));
	old = self->device->data_fd;
	EXPECT_GE(0, write(old, self->stream.data, 1));
}

/* As a saved state that is none, or nothing at all, would have it. */
TEST_F(state, error)
{
	const u8 garbage[64] = { 0xff, 0xff, 0xff, 0xff };
	u32 state = NUM_STATES, to;
	int error, fd;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	error = stream_write(self->device, garbage, sizeof(garbage), STREAM_READ);
	error = v2_set_state(self->device, VFIO_DEVICE_STATE_STOP, &fd) ?: error;
	REQUIRE(error, "the device accepts whatever it is given, see " BAD_STREAM_TEST);
	ASSERT_EQ(0, v2_get_state(self->device, &state));
	EXPECT_TRUE(state == VFIO_DEVICE_STATE_ERROR || state == VFIO_DEVICE_STATE_RESUMING)
		TH_LOG("RESUMING to STOP has failed, and the device is in %s", state_name(state));
	REQUIRE(state == VFIO_DEVICE_STATE_ERROR,
		"the device goes to %s and not to ERROR", state_name(state));

	for (to = 0; to < NUM_STATES; to++)
		check_refused(_metadata, self->device, VFIO_DEVICE_STATE_ERROR, to);
	/* "To recover from ERROR VFIO_DEVICE_RESET must be used" */
	ASSERT_EQ(0, device_reset(self->device));
	ASSERT_EQ(0, v2_get_state(self->device, &state));
	ASSERT_EQ(VFIO_DEVICE_STATE_RUNNING, state)
		TH_LOG("a reset in ERROR leads to %s", state_name(state));
	EXPECT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP));
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
