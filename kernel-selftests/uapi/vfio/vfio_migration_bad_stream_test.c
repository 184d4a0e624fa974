// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data that no device has saved.  <linux/vfio.h>: if they are found to be
 * incomplete, inconsistent, or otherwise invalid, the arc out of RESUMING must
 * fail.  What a device finds is its own affair: where nothing is known of its
 * promises, data that are taken are no failure, and the test is skipped.  What
 * is refused must leave a device that can be reset and used.
 */
#include <errno.h>

#include "migration_test.h"

#include "lib/driver.h"

#define SEED 0xbad5eed
#define LEAST_BYTES 32

enum kind {
	MALFORMED,	/* not as a device writes it */
	ALTERED,	/* well formed, but of another content */
};

FIXTURE(bad_stream) {
	struct device *device;
	struct stream good, bad;
};

FIXTURE_SETUP(bad_stream)
{
	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	if (self->device->driver)
		REQUIRE_DONE(self->device->driver->mark(self->device, SEED), STREAM_TEST);
	REQUIRE_TRANSFER(self->device, &self->good);
	REQUIRE(self->good.bytes >= LEAST_BYTES, "%zu bytes are too few to spoil",
		self->good.bytes);
	OPEN_ANEW(self->device, 0, OPEN_BY_ANY);
}

FIXTURE_TEARDOWN(bad_stream)
{
	stream_free(&self->good);
	stream_free(&self->bad);
	device_leave(self->device);
}

/* A device that refused something works again after a reset. */
static void check_recovery(struct __test_metadata *_metadata, struct device *device,
			   const struct stream *good)
{
	u32 state = NUM_STATES;
	int error;

	ASSERT_EQ(0, migration_get_state(device, &state));
	EXPECT_TRUE(state == VFIO_DEVICE_STATE_ERROR || state == VFIO_DEVICE_STATE_RESUMING)
		TH_LOG("the device has refused its data, and is in %s", state_name(state));
	error = device_reset(device);
	REQUIRE(error != -ENOTTY, "refused, and the device cannot be reset");
	ASSERT_EQ(0, error)
		TH_LOG("the device has refused its data, and cannot be reset: %s",
		       strerror(-error));
	ASSERT_EQ(0, migration_get_state(device, &state));
	ASSERT_EQ(VFIO_DEVICE_STATE_RUNNING, state)
		TH_LOG("the device has refused its data, and a reset leaves it in %s",
		       state_name(state));
	EXPECT_EQ(0, stream_load(device, good));
	EXPECT_EQ(0, migration_set_state(device, VFIO_DEVICE_STATE_RUNNING));
}

/* 0, or an error: they are refused. */
static int offer(struct __test_metadata *_metadata, struct device *device,
		 const struct stream *bad, const char *what)
{
	int error = migration_set_state(device, VFIO_DEVICE_STATE_RESUMING);

	ASSERT_EQ(0, error);
	error = stream_write(device, bad->data, bad->bytes, STREAM_READ);
	if (!error)
		return migration_set_state(device, VFIO_DEVICE_STATE_STOP);
	EXPECT_NE(0, migration_set_state(device, VFIO_DEVICE_STATE_STOP))
		TH_LOG("%s: a write has failed, and yet the data are complete", what);
	return error;
}

/* For a new device.  False: it takes the data, and it is not known whether it may. */
static bool check_bad(struct __test_metadata *_metadata, struct device *device,
		      const struct stream *bad, const struct stream *good, enum kind kind,
		      const char *what)
{
	const struct driver_ops *driver = device->driver;

	if (offer(_metadata, device, bad, what)) {
		check_recovery(_metadata, device, good);
		return true;
	}
	if (driver && driver->refuses_malformed && kind == MALFORMED) {
		EXPECT_TRUE(false)
			TH_LOG("%s: taken", what);
		return true;
	}
	if (driver && driver->state_is_right) {
		EXPECT_EQ(0, driver->state_is_right(device))
			TH_LOG("%s: taken in silence", what);
		return true;
	}
	return false;
}

static const char unjudged[] =
	"the device takes it, and nothing is known of what it promises to find";

TEST_F(bad_stream, nothing)
{
	REQUIRE(check_bad(_metadata, self->device, &self->bad, &self->good, MALFORMED, "no data"),
		"%s", unjudged);
}

TEST_F(bad_stream, truncated)
{
	const size_t whole = self->good.bytes;
	const size_t lengths[] = {
		1, self->good.first_read / 2, whole / 2, whole - whole / 10, whole - 1,
	};
	bool judged = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		char what[64];

		snprintf(what, sizeof(what), "%zu of %zu bytes", lengths[i], whole);
		OPEN_ANEW(self->device, 0, OPEN_BY_ANY);
		stream_free(&self->bad);
		stream_add(&self->bad, self->good.data, lengths[i]);
		judged &= check_bad(_metadata, self->device, &self->bad, &self->good,
				    MALFORMED, what);
	}
	REQUIRE(judged, "%s", unjudged);
}

TEST_F(bad_stream, repeated)
{
	const size_t half = self->good.bytes / 2;

	stream_add(&self->bad, self->good.data, half);
	stream_add(&self->bad, self->good.data, self->good.bytes);
	REQUIRE(check_bad(_metadata, self->device, &self->bad, &self->good, MALFORMED,
			  "the first half twice"), "%s", unjudged);
}

TEST_F(bad_stream, continued)
{
	stream_add(&self->bad, self->good.data, self->good.bytes);
	stream_add(&self->bad, self->good.data, self->good.bytes);
	REQUIRE(check_bad(_metadata, self->device, &self->bad, &self->good, MALFORMED,
			  "all of it twice"), "%s", unjudged);
}

TEST_F(bad_stream, reordered)
{
	const size_t cut = self->good.first_read < self->good.bytes ? self->good.first_read :
			   self->good.bytes / 2;

	stream_add(&self->bad, self->good.data + cut, self->good.bytes - cut);
	stream_add(&self->bad, self->good.data, cut);
	REQUIRE(check_bad(_metadata, self->device, &self->bad, &self->good, MALFORMED,
			  "the end before the beginning"), "%s", unjudged);
}

TEST_F(bad_stream, with_a_hole)
{
	const size_t third = self->good.bytes / 3;

	stream_add(&self->bad, self->good.data, third);
	stream_add(&self->bad, self->good.data + third + 1, self->good.bytes - third - 1);
	REQUIRE(check_bad(_metadata, self->device, &self->bad, &self->good, MALFORMED,
			  "one byte missing"), "%s", unjudged);
}

TEST_F(bad_stream, foreign)
{
	static const u8 zeros[4096];

	stream_add(&self->bad, zeros, sizeof(zeros));
	REQUIRE(check_bad(_metadata, self->device, &self->bad, &self->good, MALFORMED,
			  "4096 zeros"), "%s", unjudged);
}

/* One bit here and there: may be in what describes the data, or in the data. */
TEST_F(bad_stream, altered)
{
	const size_t whole = self->good.bytes;
	const size_t places[] = { 0, whole / 4, whole / 2, whole - whole / 8, whole - 1 };
	bool judged = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		char what[64];

		snprintf(what, sizeof(what), "a bit of byte %zu inverted", places[i]);
		OPEN_ANEW(self->device, 0, OPEN_BY_ANY);
		stream_free(&self->bad);
		self->bad = stream_copy(&self->good);
		self->bad.data[places[i]] ^= 0x10;
		judged &= check_bad(_metadata, self->device, &self->bad, &self->good,
				    ALTERED, what);
	}
	REQUIRE(judged, "%s", unjudged);
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
