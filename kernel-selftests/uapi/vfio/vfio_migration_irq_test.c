// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFIO_DEVICE_SET_IRQS at every moment of a migration: before RESUMING, in it
 * (before, among and after the data), and after it; and in the states of a
 * source.  That it succeeds is not enough: eventfds have to be signalled, by
 * loopback of the kernel's and, where the device is known, by the device.
 */
#include <errno.h>
#include <poll.h>

#include "migration_test.h"

#include "lib/driver.h"
#include "lib/irq.h"

#define MAX_VECTORS 8
#define PATIENCE_MS 200
#define QUIET_MS 30	/* how long to wait for what must not come */

FIXTURE(irq) {
	struct device *device;
	struct stream stream;
	int fds[MAX_VECTORS];
	u32 count;
};

FIXTURE_VARIANT(irq) {
	u32 index;
};

FIXTURE_VARIANT_ADD(irq, intx) {
	.index = VFIO_PCI_INTX_IRQ_INDEX,
};

FIXTURE_VARIANT_ADD(irq, msi) {
	.index = VFIO_PCI_MSI_IRQ_INDEX,
};

FIXTURE_VARIANT_ADD(irq, msix) {
	.index = VFIO_PCI_MSIX_IRQ_INDEX,
};

FIXTURE_SETUP(irq)
{
	u32 count;

	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	count = irq_count(self->device, variant->index);
	REQUIRE(count, "the device has no interrupts of this kind");
	self->count = count < MAX_VECTORS ? count : MAX_VECTORS;
	irq_make_eventfds(self->fds, self->count);
	/* All that the tests do besides SET_IRQS works where SET_IRQS is not called. */
	REQUIRE_STATES(self->device);
	REQUIRE_TRANSFER(self->device, &self->stream);
	OPEN_ANEW(self->device, 0, OPEN_BY_ANY);
}

FIXTURE_TEARDOWN(irq)
{
	stream_free(&self->stream);
	irq_close_eventfds(self->fds, self->count);
	device_leave(self->device);
}

static void set_up(struct __test_metadata *_metadata, const struct device *device, u32 index,
		   u32 count, const int *fds)
{
	int error = irq_set(device, index, count, fds);

	EXPECT_EQ(0, error)
		TH_LOG("SET_IRQS: %s", strerror(-error));
}

/* INTx may be masked by every signal, also by one of loopback's. */
static int trigger(const struct device *device, u32 index, u32 vector)
{
	int error = index == VFIO_PCI_INTX_IRQ_INDEX ? irq_unmask_intx(device) : 0;

	return error ?: irq_trigger(device, index, vector);
}

static int trigger_bool(const struct device *device, u32 index, u32 count, const u8 *vectors)
{
	int error = index == VFIO_PCI_INTX_IRQ_INDEX ? irq_unmask_intx(device) : 0;

	return error ?: irq_trigger_bool(device, index, count, vectors);
}

/* How often it was signalled since the last call, if it was; a device's signal may take a moment. */
static u64 signals_within(int fd, int patience_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, patience_ms) == 1 ? irq_signals(fd) : 0;
}

/* Each vector alone, then by a list every other one. */
static void loop_back(struct __test_metadata *_metadata, const struct device *device, u32 index,
		      u32 count, const int *fds, const char *when)
{
	u8 chosen[MAX_VECTORS];
	u32 i, j;

	for (i = 0; i < count; i++)
		irq_signals(fds[i]);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(0, trigger(device, index, i));
		for (j = 0; j < count; j++) {
			EXPECT_EQ(i == j, irq_signals(fds[j]))
				TH_LOG("%s: vector %u by DATA_NONE, looking at %u", when, i, j);
		}
	}
	for (i = 0; i < count; i++)
		chosen[i] = i % 2 == 0;
	EXPECT_EQ(0, trigger_bool(device, index, count, chosen));
	for (i = 0; i < count; i++) {
		EXPECT_EQ(chosen[i], irq_signals(fds[i]))
			TH_LOG("%s: vector %u by DATA_BOOL", when, i);
	}
}

/*
 * The same in RESUMING, where a driver may put off what it is told: then all
 * signals come when the device leaves the state, and none before.
 */
static bool loop_back_in_resuming(struct __test_metadata *_metadata, const struct device *device,
				  u32 index, u32 count, const int *fds)
{
	u8 chosen[MAX_VECTORS];
	u64 seen[MAX_VECTORS];
	u32 i, silent = 0;

	for (i = 0; i < count; i++) {
		irq_signals(fds[i]);
		chosen[i] = i % 2 == 0;
		EXPECT_EQ(0, trigger(device, index, i))
			TH_LOG("RESUMING: vector %u by DATA_NONE", i);
	}
	EXPECT_EQ(0, trigger_bool(device, index, count, chosen))
		TH_LOG("RESUMING: all vectors by DATA_BOOL");
	for (i = 0; i < count; i++) {
		seen[i] = irq_signals(fds[i]);
		silent += !seen[i];
	}
	if (silent == count)
		return true;
	for (i = 0; i < count; i++) {
		EXPECT_EQ(1 + chosen[i], seen[i])
			TH_LOG("RESUMING: vector %u", i);
	}
	return false;
}

static void check_put_off(struct __test_metadata *_metadata, bool put_off, u32 count,
			  const int *fds)
{
	u32 i;

	for (i = 0; put_off && i < count; i++) {
		EXPECT_EQ(1 + (i % 2 == 0), irq_signals(fds[i]))
			TH_LOG("RESUMING is left, and vector %u has not been signalled", i);
	}
}

/* By the device itself, which must run for it. */
static void by_device(struct __test_metadata *_metadata, const struct device *device, u32 index,
		      u32 count, const int *fds, const char *when)
{
	const int fd = fds[count - 1];
	bool is_intx = index == VFIO_PCI_INTX_IRQ_INDEX;

	if (!device->driver || !device->driver->interrupt)
		return;
	/* What has been signalled by loopback may have masked it. */
	EXPECT_EQ(0, is_intx ? irq_unmask_intx(device) : 0);
	irq_signals(fd);
	EXPECT_EQ(0, device->driver->interrupt(device, count - 1));
	ASSERT_NE(0, signals_within(fd, PATIENCE_MS))
		TH_LOG("%s: an interrupt of the device has not come", when);
	EXPECT_EQ(0, device->driver->acknowledge(device, count - 1, is_intx));
	EXPECT_EQ(0, is_intx ? irq_unmask_intx(device) : 0);
	EXPECT_EQ(0, signals_within(fd, QUIET_MS))
		TH_LOG("%s: it has come again", when);
}

static int run_on(struct device *device)
{
	return migration_set_state(device, VFIO_DEVICE_STATE_RUNNING);
}

TEST_F(irq, running)
{
	set_up(_metadata, self->device, variant->index, self->count, self->fds);
	loop_back(_metadata, self->device, variant->index, self->count, self->fds, "RUNNING");
	by_device(_metadata, self->device, variant->index, self->count, self->fds, "RUNNING");
	EXPECT_EQ(0, irq_disable(self->device, variant->index));
	/* Whether a trigger of what is not set up is an error is up to the driver. */
	irq_trigger(self->device, variant->index, 0);
	EXPECT_EQ(0, irq_signals(self->fds[0]));
}

/* The states of a source, with what was set up before, and anew. */
TEST_F(irq, source)
{
	const u32 states[] = {
		VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
		VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_RUNNING,
	};
	size_t i;

	set_up(_metadata, self->device, variant->index, self->count, self->fds);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!device_has_state(self->device, states[i]))
			continue;
		/* Not every state follows every other one in v1. */
		ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
		ASSERT_EQ(0, migration_set_state(self->device, states[i]));
		loop_back(_metadata, self->device, variant->index, self->count, self->fds,
			  state_name(states[i]));
		EXPECT_EQ(0, irq_disable(self->device, variant->index));
		set_up(_metadata, self->device, variant->index, self->count, self->fds);
		loop_back(_metadata, self->device, variant->index, self->count, self->fds,
			  state_name(states[i]));
	}
	by_device(_metadata, self->device, variant->index, self->count, self->fds, "RUNNING again");
}

TEST_F(irq, set_before_resuming)
{
	bool put_off;

	set_up(_metadata, self->device, variant->index, self->count, self->fds);
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	put_off = loop_back_in_resuming(_metadata, self->device, variant->index, self->count,
					self->fds);
	ASSERT_EQ(0, stream_write(self->device, self->stream.data, self->stream.bytes,
				  STREAM_READ));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP));
	check_put_off(_metadata, put_off, self->count, self->fds);
	loop_back(_metadata, self->device, variant->index, self->count, self->fds, "loaded");
	ASSERT_EQ(0, run_on(self->device));
	loop_back(_metadata, self->device, variant->index, self->count, self->fds, "RUNNING");
	by_device(_metadata, self->device, variant->index, self->count, self->fds, "RUNNING");
}

/* `part` is how much of the data comes before SET_IRQS. */
static void set_in_resuming(struct __test_metadata *_metadata, struct device *device, u32 index,
			    u32 count, const int *fds, struct stream *stream, size_t part)
{
	bool put_off;

	ASSERT_EQ(0, migration_set_state(device, VFIO_DEVICE_STATE_RESUMING));
	ASSERT_EQ(0, stream_write(device, stream->data, part, STREAM_READ));
	set_up(_metadata, device, index, count, fds);
	put_off = loop_back_in_resuming(_metadata, device, index, count, fds);
	ASSERT_EQ(0, stream_write(device, stream->data + part, stream->bytes - part, STREAM_READ));
	if (!put_off)
		loop_back(_metadata, device, index, count, fds, "RESUMING, all written");
	ASSERT_EQ(0, migration_set_state(device, VFIO_DEVICE_STATE_STOP));
	check_put_off(_metadata, put_off, count, fds);
	ASSERT_EQ(0, run_on(device));
	loop_back(_metadata, device, index, count, fds, "RUNNING");
	by_device(_metadata, device, index, count, fds, "RUNNING");
}

TEST_F(irq, set_in_resuming_before_data)
{
	set_in_resuming(_metadata, self->device, variant->index, self->count, self->fds,
			&self->stream, 0);
}

TEST_F(irq, set_in_resuming_among_data)
{
	set_in_resuming(_metadata, self->device, variant->index, self->count, self->fds,
			&self->stream, self->stream.bytes / 2);
}

TEST_F(irq, set_in_resuming_after_data)
{
	set_in_resuming(_metadata, self->device, variant->index, self->count, self->fds,
			&self->stream, self->stream.bytes);
}

/* As a user does it that puts interrupts off until all has been loaded. */
TEST_F(irq, set_after_resuming)
{
	ASSERT_EQ(0, stream_load(self->device, &self->stream));
	set_up(_metadata, self->device, variant->index, self->count, self->fds);
	loop_back(_metadata, self->device, variant->index, self->count, self->fds, "STOP");
	ASSERT_EQ(0, run_on(self->device));
	loop_back(_metadata, self->device, variant->index, self->count, self->fds, "RUNNING");
	by_device(_metadata, self->device, variant->index, self->count, self->fds, "RUNNING");
	EXPECT_EQ(0, irq_disable(self->device, variant->index));
	set_up(_metadata, self->device, variant->index, self->count, self->fds);
	by_device(_metadata, self->device, variant->index, self->count, self->fds, "set up again");
}

/* A device that does not run does not interrupt. */
TEST_F(irq, silent_in_stop)
{
	const struct driver_ops *driver = self->device->driver;

	REQUIRE(driver && driver->interrupt, "nothing is known of how this device interrupts");
	set_up(_metadata, self->device, variant->index, self->count, self->fds);
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP));
	/* It may refuse that as well. */
	driver->interrupt(self->device, 0);
	EXPECT_EQ(0, signals_within(self->fds[0], QUIET_MS));
	ASSERT_EQ(0, run_on(self->device));
}

/*
 * The tests above let a driver put off what it is told in RESUMING, as the header
 * does not say that it must not; here it is said whether it does.
 */
TEST_F(irq, at_once_in_resuming)
{
	bool put_off;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	set_up(_metadata, self->device, variant->index, self->count, self->fds);
	put_off = loop_back_in_resuming(_metadata, self->device, variant->index, self->count,
					self->fds);
	ASSERT_EQ(0, stream_write(self->device, self->stream.data, self->stream.bytes,
				  STREAM_READ));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP));
	check_put_off(_metadata, put_off, self->count, self->fds);
	REQUIRE(!put_off, "the driver puts off what SET_IRQS asks for in RESUMING");
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
