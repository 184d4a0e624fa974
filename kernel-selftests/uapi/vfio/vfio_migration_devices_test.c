// SPDX-License-Identifier: GPL-2.0-or-later
/* Two devices: nothing that happens to one of them changes the other. */
#include <errno.h>

#include "migration_test.h"

#include "lib/driver.h"
#include "lib/irq.h"

#define SEED 0xdeb1ce
#define OTHER_SEED 0x07e5

FIXTURE(devices) {
	struct device *a, *b;
	struct stream stream, other;	/* data of a, and of b */
};

FIXTURE_SETUP(devices)
{
	REQUIRE(device_count() > 1, "only one device was named");
	OPEN_MIGRATING(self->a, 0, OPEN_BY_ANY);
	OPEN_MIGRATING(self->b, 1, OPEN_BY_ANY);
	/* One while the other does nothing, all that the tests do with both works. */
	REQUIRE_STATES(self->a);
	REQUIRE_STATES(self->b);
	REQUIRE_TRANSFER(self->a, &self->stream);
	REQUIRE_TRANSFER(self->b, &self->other);
	REQUIRE_DONE(stream_load(self->b, &self->stream), STREAM_TEST);
	REQUIRE_DONE(migration_set_state(self->b, VFIO_DEVICE_STATE_RUNNING), STREAM_TEST);
}

FIXTURE_TEARDOWN(devices)
{
	stream_free(&self->stream);
	stream_free(&self->other);
	device_leave(self->a);
	device_leave(self->b);
}

/* Of a device whose insides are known; 0 else. */
static u32 mark(struct __test_metadata *_metadata, struct device *device, u32 seed)
{
	u32 digest = 0;

	if (!device->driver)
		return 0;
	ASSERT_EQ(0, device->driver->mark(device, seed));
	ASSERT_EQ(0, device->driver->digest(device, &digest));
	return digest;
}

static void check_mark(struct __test_metadata *_metadata, struct device *device, u32 digest)
{
	u32 seen = ~digest;

	if (!device->driver)
		return;
	EXPECT_EQ(0, device->driver->digest(device, &seen));
	EXPECT_EQ(digest, seen);
}

static void check_state(struct __test_metadata *_metadata, struct device *device, u32 wanted)
{
	u32 state = NUM_STATES;

	EXPECT_EQ(0, migration_get_state(device, &state));
	EXPECT_EQ(wanted, state)
		TH_LOG("%s instead of %s", state_name(state), state_name(wanted));
}

static int enter(struct device *device, u32 state, u32 *seen)
{
	int error = migration_set_state(device, VFIO_DEVICE_STATE_RUNNING);

	if (!error)
		error = migration_set_state(device, state);
	return error ?: migration_get_state(device, seen);
}

TEST_F(devices, states)
{
	u32 state, other, of_a, of_b;

	for (state = VFIO_DEVICE_STATE_STOP; state < NUM_STATES; state++) {
		if (state == VFIO_DEVICE_STATE_RESUMING || !device_has_state(self->a, state))
			continue;
		ASSERT_EQ(0, enter(self->a, state, &of_a));
		for (other = VFIO_DEVICE_STATE_STOP; other < NUM_STATES; other++) {
			if (other == VFIO_DEVICE_STATE_RESUMING ||
			    !device_has_state(self->b, other))
				continue;
			ASSERT_EQ(0, enter(self->b, other, &of_b));
			check_state(_metadata, self->a, of_a);
			check_state(_metadata, self->b, of_b);
		}
	}
}

/* Both are saved at a time, turn and turn about: each gives what it gives alone. */
TEST_F(devices, saved_together)
{
	const size_t alone = self->stream.bytes, other_alone = self->other.bytes;
	const u32 of_a = mark(_metadata, self->a, SEED);
	const u32 of_b = mark(_metadata, self->b, OTHER_SEED);
	ssize_t from_a, from_b;
	u8 buffer[4093];

	stream_free(&self->stream);
	stream_free(&self->other);
	ASSERT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_STOP_COPY));
	do {
		from_a = migration_read(self->a, buffer, sizeof(buffer));
		ASSERT_LE(0, from_a);
		stream_add(&self->stream, buffer, from_a);
		from_b = migration_read(self->b, buffer, sizeof(buffer));
		ASSERT_LE(0, from_b);
		stream_add(&self->other, buffer, from_b);
	} while (from_a || from_b);
	EXPECT_EQ(alone, self->stream.bytes);
	EXPECT_EQ(other_alone, self->other.bytes);
	/* Each into the other; v1 has no way from one to the other state. */
	ASSERT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_RUNNING));
	ASSERT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_RUNNING));
	ASSERT_EQ(0, stream_load(self->b, &self->stream));
	ASSERT_EQ(0, stream_load(self->a, &self->other));
	EXPECT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_RUNNING));
	check_mark(_metadata, self->b, of_a);
	check_mark(_metadata, self->a, of_b);
}

/* From one straight into the other. */
TEST_F(devices, from_one_to_the_other)
{
	const u32 digest = mark(_metadata, self->a, SEED);
	u8 buffer[4093];
	ssize_t done;

	mark(_metadata, self->b, OTHER_SEED);
	ASSERT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_RESUMING));
	do {
		done = migration_read(self->a, buffer, sizeof(buffer));
		ASSERT_LE(0, done);
		ASSERT_EQ(0, stream_write(self->b, buffer, done, sizeof(buffer)));
	} while (done);
	check_state(_metadata, self->a, VFIO_DEVICE_STATE_STOP_COPY);
	check_state(_metadata, self->b, VFIO_DEVICE_STATE_RESUMING);
	EXPECT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_RUNNING));
	check_mark(_metadata, self->b, digest);
	EXPECT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_STOP));
}

TEST_F(devices, reset_of_one)
{
	u8 byte;

	REQUIRE(device_can_reset(self->a), "the device cannot be reset");
	ASSERT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, device_reset(self->a));
	check_state(_metadata, self->b, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(1, migration_read(self->b, &byte, 1));
}

TEST_F(devices, closing_of_one)
{
	u8 byte;

	ASSERT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_STOP_COPY));
	device_close(self->a);
	self->a = NULL;
	check_state(_metadata, self->b, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(1, migration_read(self->b, &byte, 1));
}

/* While nothing is set up for the other one. */
static bool interrupts_alone(const struct device *device, u32 index, int fd)
{
	bool seen;

	if (irq_set(device, index, 1, &fd) || irq_trigger(device, index, 0))
		return false;
	seen = irq_signals(fd) == 1;
	return !irq_disable(device, index) && seen;
}

TEST_F(devices, interrupts)
{
	static const u32 indexes[] = {
		VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
	};
	unsigned int common = 0;
	int fds[2];
	size_t i;

	irq_make_eventfds(fds, 2);
	for (i = 0; i < ARRAY_SIZE(indexes); i++) {
		const u32 index = indexes[i];

		if (!irq_count(self->a, index) || !irq_count(self->b, index))
			continue;
		REQUIRE(interrupts_alone(self->a, index, fds[0]) &&
			interrupts_alone(self->b, index, fds[1]),
			"index %u of one device does not interrupt, see " IRQ_TEST, index);
		common++;
		ASSERT_EQ(0, irq_set(self->a, index, 1, &fds[0]));
		ASSERT_EQ(0, irq_set(self->b, index, 1, &fds[1]));
		ASSERT_EQ(0, irq_trigger(self->a, index, 0));
		EXPECT_EQ(1, irq_signals(fds[0]));
		EXPECT_EQ(0, irq_signals(fds[1]));
		ASSERT_EQ(0, irq_disable(self->a, index));
		ASSERT_EQ(0, irq_trigger(self->b, index, 0));
		EXPECT_EQ(1, irq_signals(fds[1]));
		EXPECT_EQ(0, irq_signals(fds[0]));
		ASSERT_EQ(0, irq_disable(self->b, index));
	}
	irq_close_eventfds(fds, 2);
	REQUIRE(common, "the devices have no kind of interrupt in common");
}

TEST_F(devices, insides)
{
	const struct driver_ops *driver = self->a->driver;
	u32 before, after;

	REQUIRE(driver && driver == self->b->driver, "nothing is known of these devices");
	ASSERT_EQ(0, driver->mark(self->a, 1));
	ASSERT_EQ(0, driver->mark(self->b, 2));
	ASSERT_EQ(0, driver->digest(self->b, &before));
	ASSERT_EQ(0, driver->mark(self->a, 3));
	ASSERT_EQ(0, driver->digest(self->b, &after));
	EXPECT_EQ(before, after);
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
