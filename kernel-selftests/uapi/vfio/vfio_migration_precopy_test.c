// SPDX-License-Identifier: GPL-2.0-or-later
/* Protocol v2's pre-copy: what VFIO_MIG_GET_PRECOPY_INFO says, and where data end for a while. */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "migration_test.h"

#define PIECE 4093

FIXTURE(precopy) {
	struct device *device;
	struct stream stream;
};

FIXTURE_SETUP(precopy)
{
	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	REQUIRE(device_is_v2(self->device), "the device does not speak protocol v2");
	REQUIRE(device_has_state(self->device, VFIO_DEVICE_STATE_PRE_COPY),
		"the device has no PRE_COPY");
	REQUIRE_STATES(self->device);
	REQUIRE_TRANSFER(self->device, &self->stream);
	stream_free(&self->stream);
}

FIXTURE_TEARDOWN(precopy)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

static int get_info(int fd, struct vfio_precopy_info *info)
{
	*info = (struct vfio_precopy_info){ .argsz = sizeof(*info) };
	return ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, info) ? -errno : 0;
}

TEST_F(precopy, info)
{
	struct vfio_precopy_info info;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	ASSERT_EQ(0, get_info(self->device->data_fd, &info));
	EXPECT_NE(0, info.initial_bytes);
	EXPECT_EQ(0, info.dirty_bytes);
	info.argsz = sizeof(info.argsz) + sizeof(info.flags);
	EXPECT_EQ(-1, ioctl(self->device->data_fd, VFIO_MIG_GET_PRECOPY_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

/* Both numbers follow what is read; where they are 0 the data end for now, and nowhere else. */
TEST_F(precopy, info_follows_reads)
{
	struct vfio_precopy_info info, before;
	u64 initial, taken = 0;
	u8 buffer[PIECE];
	ssize_t done;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	ASSERT_EQ(0, get_info(self->device->data_fd, &info));
	initial = info.initial_bytes;
	for (;;) {
		before = info;
		done = migration_read(self->device, buffer, sizeof(buffer));
		if (done <= 0)
			break;
		taken += done;
		ASSERT_EQ(0, get_info(self->device->data_fd, &info));
		ASSERT_TRUE(info.initial_bytes < before.initial_bytes || !info.initial_bytes)
			TH_LOG("%ju initial bytes are left, after %ju",
			       (uintmax_t)info.initial_bytes, (uintmax_t)before.initial_bytes);
	}
	EXPECT_EQ(-ENOMSG, done);
	EXPECT_EQ(0, before.initial_bytes);
	EXPECT_EQ(0, before.dirty_bytes);
	EXPECT_LE(initial, taken);
}

TEST_F(precopy, enomsg_is_not_the_end)
{
	u8 byte;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	ASSERT_EQ(-ENOMSG, stream_read(self->device, &self->stream, STREAM_READ));
	EXPECT_EQ(-ENOMSG, migration_read(self->device, &byte, 1));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_LE(0, self->device->data_fd);
	EXPECT_EQ(0, stream_read(self->device, &self->stream, STREAM_READ));
	EXPECT_EQ(0, migration_read(self->device, &byte, 1));
}

TEST_F(precopy, info_is_for_pre_copy)
{
	struct vfio_precopy_info info;
	int fd, ignored;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	fd = self->device->data_fd;
	ASSERT_EQ(0, v2_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY, &ignored));
	EXPECT_EQ(-EINVAL, get_info(fd, &info));
	ASSERT_EQ(0, v2_set_state(self->device, VFIO_DEVICE_STATE_STOP, &ignored));
	EXPECT_NE(0, get_info(fd, &info));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	EXPECT_NE(0, get_info(self->device->data_fd, &info));
}

TEST_F(precopy, info_in_p2p)
{
	struct vfio_precopy_info info;

	REQUIRE(device_has_state(self->device, VFIO_DEVICE_STATE_PRE_COPY_P2P),
		"the device has no PRE_COPY_P2P");
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY_P2P));
	EXPECT_EQ(0, get_info(self->device->data_fd, &info));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	EXPECT_EQ(0, get_info(self->device->data_fd, &info));
}

/* A migration that was given up: the next one begins anew. */
TEST_F(precopy, given_up)
{
	struct vfio_precopy_info info, again;
	u8 buffer[PIECE];

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	ASSERT_EQ(0, get_info(self->device->data_fd, &info));
	ASSERT_LT(0, migration_read(self->device, buffer, sizeof(buffer)));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	ASSERT_EQ(0, get_info(self->device->data_fd, &again));
	EXPECT_NE(0, again.initial_bytes);
	EXPECT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
}

static int opt_in(const struct device *device)
{
	return device_feature(device, VFIO_DEVICE_FEATURE_SET |
			      VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, NULL, 0);
}

/* New initial data are told to those who have asked for it, and to nobody else. */
TEST_F(precopy, no_reinit_without_opt_in)
{
	struct vfio_precopy_info info;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	ASSERT_EQ(-ENOMSG, stream_read(self->device, &self->stream, STREAM_READ));
	ASSERT_EQ(0, get_info(self->device->data_fd, &info));
	EXPECT_EQ(0, info.flags & VFIO_PRECOPY_INFO_REINIT);
}

TEST_F(precopy, reinit)
{
	struct vfio_precopy_info info = { 0 };
	unsigned int rounds, told = 0;
	size_t before;

	REQUIRE(!device_feature(self->device, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
				VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, NULL, 0),
		"the kernel or the device has no PRECOPY_INFOv2");
	ASSERT_EQ(0, opt_in(self->device));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	for (rounds = 0; rounds < 16; rounds++) {
		before = self->stream.bytes;
		ASSERT_EQ(-ENOMSG, stream_read(self->device, &self->stream, STREAM_READ));
		EXPECT_TRUE(!(info.flags & VFIO_PRECOPY_INFO_REINIT) ||
			    info.initial_bytes <= self->stream.bytes - before)
			TH_LOG("new initial data: %ju bytes, come: %zu",
			       (uintmax_t)info.initial_bytes, self->stream.bytes - before);
		ASSERT_EQ(0, get_info(self->device->data_fd, &info));
		if (!(info.flags & VFIO_PRECOPY_INFO_REINIT))
			break;
		told++;
		EXPECT_NE(0, info.initial_bytes);
		EXPECT_EQ(0, info.dirty_bytes);
	}
	REQUIRE(told, "the device has no new initial data");
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	EXPECT_EQ(0, stream_read(self->device, &self->stream, STREAM_READ));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP));
	ASSERT_EQ(0, stream_load(self->device, &self->stream));
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
