// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A proposal: the device says that it wants its config space before its data,
 * and again after them (VFIO_MIGRATION_CONFIG_FIRST in protocol v2, a capability
 * of the region in v1).  It asks the user that saves it; a device that is
 * resumed accepts its data with or without.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "migration_test.h"

#include "lib/driver.h"

#define SEED 0xc0f1
#define OTHER_SEED 0x0ff0

FIXTURE(query) {
	struct device *device;
	struct stream stream;
	u32 digest;
};

static bool config_first(const struct device *device)
{
	return device_is_v2(device) ? device->migration_flags & VFIO_MIGRATION_CONFIG_FIRST :
				      device->v1.config_first;
}

static int write_config(const struct device *device)
{
	u16 command;
	int error = config_read(device, PCI_COMMAND, &command, sizeof(command));

	command |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
	return error ?: config_write(device, PCI_COMMAND, &command, sizeof(command));
}

static int load(struct device *device, const struct stream *stream, bool before, bool after)
{
	int error = migration_set_state(device, VFIO_DEVICE_STATE_RESUMING);

	if (!error && before)
		error = write_config(device);
	if (!error)
		error = stream_write(device, stream->data, stream->bytes, STREAM_READ);
	if (!error && after)
		error = write_config(device);
	return error ?: migration_set_state(device, VFIO_DEVICE_STATE_RUNNING);
}

/* Is the state in it that was saved?  0, or an error. */
static int check_digest(const struct device *device, u32 digest)
{
	u32 seen = ~digest;
	int error = device->driver ? device->driver->digest(device, &seen) : 0;

	return error ?: device->driver && seen != digest ? -EBADMSG : 0;
}

/* Are its data taken, without config space or with all of it?  Then stream_test is not enough. */
static bool loads_somehow(struct device *device, const struct stream *stream, u32 digest)
{
	if (!load(device, stream, false, false) && !check_digest(device, digest))
		return true;
	device_reset(device);
	return !load(device, stream, true, true) && !check_digest(device, digest);
}

/* With data that it takes, and another state. */
FIXTURE_SETUP(query)
{
	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	REQUIRE(config_first(self->device),
		"the kernel or the device does not ask for config space before the data");
	if (self->device->driver) {
		const struct driver_ops *driver = self->device->driver;

		REQUIRE_DONE(driver->mark(self->device, SEED), STREAM_TEST);
		REQUIRE_DONE(driver->digest(self->device, &self->digest), STREAM_TEST);
	}
	REQUIRE_DONE(stream_save(self->device, &self->stream, false), STREAM_TEST);
	OPEN_ANEW(self->device, 0, OPEN_BY_ANY);
	REQUIRE(loads_somehow(self->device, &self->stream, self->digest),
		"its own data are not loaded, see " STREAM_TEST);
	OPEN_ANEW(self->device, 0, OPEN_BY_ANY);
	if (self->device->driver)
		REQUIRE_DONE(self->device->driver->mark(self->device, OTHER_SEED), STREAM_TEST);
}

FIXTURE_TEARDOWN(query)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

TEST_F(query, config_before_and_after_data)
{
	ASSERT_EQ(0, load(self->device, &self->stream, true, true));
	EXPECT_EQ(0, check_digest(self->device, self->digest));
}

TEST_F(query, config_after_data_only)
{
	ASSERT_EQ(0, load(self->device, &self->stream, false, true));
	EXPECT_EQ(0, check_digest(self->device, self->digest));
}

TEST_F(query, no_config)
{
	ASSERT_EQ(0, load(self->device, &self->stream, false, false));
	EXPECT_EQ(0, check_digest(self->device, self->digest));
}

FIXTURE(flags) {
	struct device *device;
};

/* Whatever it says of itself. */
FIXTURE_SETUP(flags)
{
	OPEN_DEVICE(self->device, 0, OPEN_BY_ANY);
	REQUIRE(self->device->migration_flags & VFIO_MIGRATION_CONFIG_FIRST,
		"no flag asks for config space before the data");
}

FIXTURE_TEARDOWN(flags)
{
	device_leave(self->device);
}

/* It says more of a device that migrates, and nothing by itself. */
TEST_F(flags, beside_other_flags)
{
	EXPECT_NE(0, self->device->migration_flags & VFIO_MIGRATION_STOP_COPY);
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
