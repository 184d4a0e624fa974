// SPDX-License-Identifier: GPL-2.0-or-later
/* Two devices: nothing that happens to one of them changes the other. */
#include <errno.h>

#include "migration_test.h"

#include "lib/driver.h"
#include "lib/irq.h"

FIXTURE(devices) {
	struct device *a, *b;
	struct stream stream, other;
};

FIXTURE_SETUP(devices)
{
	REQUIRE(device_count() > 1, "only one device was named");
	OPEN_MIGRATING(self->a, 0, OPEN_BY_ANY);
	OPEN_MIGRATING(self->b, 1, OPEN_BY_ANY);
}

FIXTURE_TEARDOWN(devices)
{
	stream_free(&self->stream);
	stream_free(&self->other);
	device_close(self->a);
	device_close(self->b);
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
		REQUIRE_DONE(enter(self->a, state, &of_a), STATE_TEST);
		for (other = VFIO_DEVICE_STATE_STOP; other < NUM_STATES; other++) {
			if (other == VFIO_DEVICE_STATE_RESUMING ||
			    !device_has_state(self->b, other))
				continue;
			REQUIRE_DONE(enter(self->b, other, &of_b), STATE_TEST);
			check_state(_metadata, self->a, of_a);
			check_state(_metadata, self->b, of_b);
		}
	}
}

/* Both are saved at a time, turn and turn about. */
TEST_F(devices, saved_together)
{
	struct stream alone = { 0 };
	ssize_t from_a, from_b;
	u8 buffer[4093];

	REQUIRE_DONE(stream_save(self->a, &alone, false), STREAM_TEST);
	REQUIRE_DONE(stream_load(self->b, &alone), STREAM_TEST);
	REQUIRE_DONE(migration_set_state(self->a, VFIO_DEVICE_STATE_STOP_COPY), STREAM_TEST);
	REQUIRE_DONE(migration_set_state(self->b, VFIO_DEVICE_STATE_STOP_COPY), STREAM_TEST);
	do {
		from_a = migration_read(self->a, buffer, sizeof(buffer));
		ASSERT_LE(0, from_a);
		stream_add(&self->stream, buffer, from_a);
		from_b = migration_read(self->b, buffer, sizeof(buffer));
		ASSERT_LE(0, from_b);
		stream_add(&self->other, buffer, from_b);
	} while (from_a || from_b);
	EXPECT_EQ(alone.bytes, self->stream.bytes);
	stream_free(&alone);
	EXPECT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, migration_set_state(self->b, VFIO_DEVICE_STATE_RUNNING));
}

/* From one straight into the other. */
TEST_F(devices, from_one_to_the_other)
{
	u8 buffer[4093];
	ssize_t done;

	REQUIRE_DONE(stream_save(self->a, &self->stream, false), STREAM_TEST);
	REQUIRE_DONE(stream_load(self->b, &self->stream), STREAM_TEST);
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
	EXPECT_EQ(0, migration_set_state(self->a, VFIO_DEVICE_STATE_STOP));
}

TEST_F(devices, reset_of_one)
{
	u8 byte;

	REQUIRE(device_can_reset(self->a), "the device cannot be reset");
	REQUIRE_DONE(migration_set_state(self->b, VFIO_DEVICE_STATE_STOP_COPY), STREAM_TEST);
	REQUIRE_DONE(device_reset(self->a), RESET_TEST);
	check_state(_metadata, self->b, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(1, migration_read(self->b, &byte, 1));
}

TEST_F(devices, closing_of_one)
{
	u8 byte;

	REQUIRE_DONE(migration_set_state(self->a, VFIO_DEVICE_STATE_STOP_COPY), STREAM_TEST);
	REQUIRE_DONE(migration_set_state(self->b, VFIO_DEVICE_STATE_STOP_COPY), STREAM_TEST);
	device_close(self->a);
	self->a = NULL;
	check_state(_metadata, self->b, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(1, migration_read(self->b, &byte, 1));
}

TEST_F(devices, interrupts)
{
	static const u32 indexes[] = {
		VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
	};
	unsigned int seen = 0;
	int fds[2];
	size_t i;

	irq_make_eventfds(fds, 2);
	for (i = 0; i < ARRAY_SIZE(indexes); i++) {
		if (!irq_count(self->a, indexes[i]) || !irq_count(self->b, indexes[i]))
			continue;
		REQUIRE_DONE(irq_set(self->a, indexes[i], 1, &fds[0]), IRQ_TEST);
		REQUIRE_DONE(irq_set(self->b, indexes[i], 1, &fds[1]), IRQ_TEST);
		REQUIRE_DONE(irq_trigger(self->a, indexes[i], 0), IRQ_TEST);
		seen += irq_signals(fds[0]);
		EXPECT_EQ(0, irq_signals(fds[1]));
		REQUIRE_DONE(irq_disable(self->a, indexes[i]), IRQ_TEST);
		REQUIRE_DONE(irq_trigger(self->b, indexes[i], 0), IRQ_TEST);
		seen += irq_signals(fds[1]);
		EXPECT_EQ(0, irq_signals(fds[0]));
		REQUIRE_DONE(irq_disable(self->b, indexes[i]), IRQ_TEST);
	}
	irq_close_eventfds(fds, 2);
	REQUIRE(seen, "no interrupt came, see vfio_migration_irq_test");
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
