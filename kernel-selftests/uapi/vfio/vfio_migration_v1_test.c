// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Protocol v1, of Linux 5.8 to 5.17: a region with registers and an area of data.
 */
#include <errno.h>
#include <stddef.h>

#include "migration_test.h"

FIXTURE(v1) {
	struct device *device;
	struct stream stream;
};

FIXTURE_SETUP(v1)
{
	OPEN_DEVICE(self->device, 0, OPEN_BY_ANY);
	REQUIRE(self->device->v1.size, "the device has no migration region");
	/* One that speaks v2, too, is moved by the region alone. */
	self->device->migration_flags = 0;
	HAVE_IT_RUN(self->device);
}

FIXTURE_TEARDOWN(v1)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

static int pending_bytes(const struct device *device, u64 *pending)
{
	return v1_read(device, offsetof(struct v1_registers, pending_bytes), pending,
		       sizeof(*pending));
}

static int data_offset(const struct device *device, u64 *offset)
{
	return v1_read(device, offsetof(struct v1_registers, data_offset), offset,
		       sizeof(*offset));
}

static int data_size(const struct device *device, u64 *size)
{
	return v1_read(device, offsetof(struct v1_registers, data_size), size, sizeof(*size));
}

static void check_state(struct __test_metadata *_metadata, struct device *device, u32 wanted)
{
	u32 bits = V1_STATE_MASK;

	EXPECT_EQ(0, v1_get_bits(device, &bits));
	EXPECT_EQ(wanted, bits);
}

TEST_F(v1, region)
{
	u64 value;

	EXPECT_LT(sizeof(struct v1_registers), self->device->v1.size);
	check_state(_metadata, self->device, V1_RUNNING);
	ASSERT_EQ(0, pending_bytes(self->device, &value));
	EXPECT_EQ(0, value);
}

/* What a running device goes through when it is saved, and one that is loaded. */
TEST_F(v1, arcs)
{
	static const u32 saving[] = {
		V1_RUNNING | V1_SAVING, V1_SAVING, 0, V1_RUNNING, V1_SAVING, 0, V1_RUNNING,
		V1_RUNNING | V1_SAVING, V1_RUNNING, 0, V1_RUNNING,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(saving); i++) {
		EXPECT_EQ(0, v1_set_bits(self->device, saving[i]))
			TH_LOG("to %#x", saving[i]);
		check_state(_metadata, self->device, saving[i]);
	}
}

TEST_F(v1, arcs_of_resuming)
{
	static const u32 ways[] = { V1_RUNNING, 0 };
	size_t i;

	REQUIRE_TRANSFER(self->device, &self->stream);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_EQ(0, v1_set_bits(self->device, V1_RUNNING));
		ASSERT_EQ(0, v1_set_bits(self->device, V1_RESUMING));
		check_state(_metadata, self->device, V1_RESUMING);
		ASSERT_EQ(0, stream_write(self->device, self->stream.data, self->stream.bytes,
					  STREAM_READ));
		ASSERT_EQ(0, v1_set_bits(self->device, ways[i]));
		check_state(_metadata, self->device, ways[i]);
	}
}

/* No user can want these. */
TEST_F(v1, forbidden_states)
{
	static const u32 from[] = { V1_RUNNING, 0, V1_SAVING, V1_RUNNING | V1_SAVING };
	static const u32 to[] = {
		V1_RESUMING | V1_RUNNING, V1_RESUMING | V1_SAVING,
		V1_RESUMING | V1_SAVING | V1_RUNNING,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(from); i++) {
		ASSERT_EQ(0, v1_set_bits(self->device, V1_RUNNING));
		ASSERT_EQ(0, v1_set_bits(self->device, from[i]));
		for (j = 0; j < ARRAY_SIZE(to); j++) {
			EXPECT_NE(0, v1_set_bits(self->device, to[j]))
				TH_LOG("%#x to %#x is accepted", from[i], to[j]);
			check_state(_metadata, self->device, from[i]);
		}
	}
}

/* A device that saves cannot load, nor one that loads save. */
TEST_F(v1, forbidden_arcs)
{
	ASSERT_EQ(0, v1_set_bits(self->device, V1_SAVING));
	EXPECT_NE(0, v1_set_bits(self->device, V1_SAVING | V1_RUNNING));
	check_state(_metadata, self->device, V1_SAVING);
	EXPECT_NE(0, v1_set_bits(self->device, V1_RESUMING));
	check_state(_metadata, self->device, V1_SAVING);
}

/* One piece after the other, until nothing is left. */
static void take_pieces(struct __test_metadata *_metadata, struct device *device, bool goes_down)
{
	u64 pending, before = UINT64_MAX, offset, size;
	u8 byte;

	for (;;) {
		ASSERT_EQ(0, pending_bytes(device, &pending));
		if (!pending)
			break;
		ASSERT_TRUE(!goes_down || before > pending)
			TH_LOG("%ju bytes are left, after %ju", (uintmax_t)pending,
			       (uintmax_t)before);
		before = pending;
		ASSERT_EQ(0, data_offset(device, &offset));
		ASSERT_EQ(0, data_size(device, &size));
		ASSERT_LE(sizeof(struct v1_registers), offset);
		ASSERT_LT(0, size);
		ASSERT_LE(offset + size, device->v1.size);
		/* Reading the data is up to the user; that they can be read is not. */
		ASSERT_EQ(0, v1_read(device, offset + size - 1, &byte, 1));
	}
}

TEST_F(v1, pending_bytes)
{
	u64 pending;

	ASSERT_EQ(0, v1_set_bits(self->device, V1_RUNNING | V1_SAVING));
	take_pieces(_metadata, self->device, false);
	ASSERT_EQ(0, v1_set_bits(self->device, V1_SAVING));
	ASSERT_EQ(0, pending_bytes(self->device, &pending));
	EXPECT_NE(0, pending);
	take_pieces(_metadata, self->device, true);
	ASSERT_EQ(0, v1_set_bits(self->device, 0));
	ASSERT_EQ(0, pending_bytes(self->device, &pending));
	EXPECT_EQ(0, pending);
}

/* What pending_bytes announces when the device has stopped is what there is. */
TEST_F(v1, pending_bytes_is_the_size)
{
	u64 pending;

	REQUIRE_TRANSFER(self->device, &self->stream);
	stream_free(&self->stream);
	ASSERT_EQ(0, v1_set_bits(self->device, V1_SAVING));
	ASSERT_EQ(0, pending_bytes(self->device, &pending));
	ASSERT_EQ(0, stream_read(self->device, &self->stream, STREAM_READ));
	EXPECT_LE(self->stream.bytes, pending);
}

TEST_F(v1, pre_copy_can_be_given_up)
{
	REQUIRE_TRANSFER(self->device, &self->stream);
	stream_free(&self->stream);
	ASSERT_EQ(0, v1_set_bits(self->device, V1_RUNNING | V1_SAVING));
	ASSERT_EQ(0, stream_read(self->device, &self->stream, STREAM_READ));
	ASSERT_EQ(0, v1_set_bits(self->device, V1_RUNNING));
	stream_free(&self->stream);
	ASSERT_EQ(0, stream_save(self->device, &self->stream, true));
	ASSERT_EQ(0, stream_load(self->device, &self->stream));
	EXPECT_EQ(0, v1_set_bits(self->device, V1_RUNNING));
}

TEST_F(v1, data_are_for_a_resuming_device)
{
	u64 size = 64;

	EXPECT_NE(0, v1_write(self->device, offsetof(struct v1_registers, data_size), &size,
			      sizeof(size)));
	ASSERT_EQ(0, v1_set_bits(self->device, V1_RESUMING));
	size = self->device->v1.size + 1;
	EXPECT_NE(0, v1_write(self->device, offsetof(struct v1_registers, data_size), &size,
			      sizeof(size)));
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
