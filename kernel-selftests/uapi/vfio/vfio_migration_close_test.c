// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device is closed in the middle of a transfer, by its user or with it: the
 * transfer is over, and who opens the device next finds it new.  <linux/vfio.h>
 * says nothing of a close; but a user who opens a device looks for one that runs,
 * and does not have it leave a state in which somebody else has left it.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migration_test.h"

#include "lib/driver.h"

FIXTURE(close) {
	struct device *device;
	struct stream stream;
};

FIXTURE_SETUP(close)
{
	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	REQUIRE_STATES(self->device);
	REQUIRE_TRANSFER(self->device, &self->stream);
}

FIXTURE_TEARDOWN(close)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

/* Opens it again; it runs, and can be saved and loaded. */
static void check_new(struct __test_metadata *_metadata, struct device **opened,
		      const struct stream *stream, const char *after)
{
	struct device *device = device_open(0, OPEN_BY_ANY);
	struct stream again = { 0 };
	u32 state = NUM_STATES;

	/* Whatever is found, it is left as it should be. */
	*opened = device;
	ASSERT_NE(NULL, device)
		TH_LOG("%s: %s", after, device_reason());
	ASSERT_EQ(0, migration_get_state(device, &state));
	/* No further: a driver that has kept the state, but not what belongs to it, may die of it. */
	ASSERT_EQ(VFIO_DEVICE_STATE_RUNNING, state)
		TH_LOG("after %s it is in %s", after, state_name(state));
	EXPECT_EQ(0, stream_save(device, &again, false));
	EXPECT_EQ(0, stream_load(device, stream));
	EXPECT_EQ(0, migration_set_state(device, VFIO_DEVICE_STATE_RUNNING));
	stream_free(&again);
}

/* Closes the device, but not the descriptor of its data, which becomes the caller's. */
static int close_device(struct device *device)
{
	int data_fd = device->data_fd;

	device->data_fd = -1;
	device_close(device);
	return data_fd;
}

TEST_F(close, while_saving)
{
	u8 buffer[100];
	int data_fd;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_LT(0, migration_read(self->device, buffer, sizeof(buffer)));
	data_fd = close_device(self->device);
	self->device = NULL;
	/* Of v1 there is no descriptor, and this fails, too. */
	EXPECT_GE(0, read(data_fd, buffer, sizeof(buffer)));
	check_new(_metadata, &self->device, &self->stream, "STOP_COPY");
	/* Now that the device is there again, the old transfer is not. */
	EXPECT_GE(0, read(data_fd, buffer, sizeof(buffer)));
	close(data_fd);
}

TEST_F(close, while_saving_in_pre_copy)
{
	u8 buffer[100];
	int data_fd;

	REQUIRE(device_has_state(self->device, VFIO_DEVICE_STATE_PRE_COPY),
		"the device has no PRE_COPY");
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	/* In v1 there may be none. */
	ASSERT_LE(0, migration_read(self->device, buffer, sizeof(buffer)));
	data_fd = close_device(self->device);
	self->device = NULL;
	EXPECT_GE(0, read(data_fd, buffer, sizeof(buffer)));
	close(data_fd);
	check_new(_metadata, &self->device, &self->stream, "PRE_COPY");
}

TEST_F(close, while_loading)
{
	const size_t half = self->stream.bytes / 2;
	int data_fd;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	ASSERT_EQ(0, stream_write(self->device, self->stream.data, half, STREAM_READ));
	data_fd = close_device(self->device);
	self->device = NULL;
	EXPECT_GE(0, write(data_fd, self->stream.data + half, self->stream.bytes - half));
	check_new(_metadata, &self->device, &self->stream, "RESUMING");
	EXPECT_GE(0, write(data_fd, self->stream.data, self->stream.bytes));
	close(data_fd);
}

TEST_F(close, in_every_state)
{
	u32 state;

	for (state = VFIO_DEVICE_STATE_STOP; state < NUM_STATES; state++) {
		if (!device_has_state(self->device, state))
			continue;
		ASSERT_EQ(0, migration_set_state(self->device, state));
		device_close(self->device);
		self->device = NULL;
		check_new(_metadata, &self->device, &self->stream, state_name(state));
	}
}

/* The descriptor of the data alone: the device stays where it is, and can go on. */
TEST_F(close, of_the_transfer)
{
	u32 state = NUM_STATES;
	u8 byte;

	REQUIRE(device_is_v2(self->device), "v1 has no descriptors for data");
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(1, migration_read(self->device, &byte, 1));
	close(self->device->data_fd);
	self->device->data_fd = -1;
	EXPECT_EQ(0, v2_get_state(self->device, &state));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, state);
	EXPECT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP));
	stream_free(&self->stream);
	EXPECT_EQ(0, stream_save(self->device, &self->stream, false));
	EXPECT_EQ(0, stream_load(self->device, &self->stream));
}

/* The user dies: the kernel closes what it had open. */
TEST_F(close, by_death)
{
	int status;
	pid_t pid;

	device_close(self->device);
	self->device = NULL;
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct device *device = device_open(0, OPEN_BY_ANY);
		u8 byte;

		if (!device || migration_set_state(device, VFIO_DEVICE_STATE_STOP_COPY) ||
		    migration_read(device, &byte, 1) != 1)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	check_new(_metadata, &self->device, &self->stream, "its user's death");
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
