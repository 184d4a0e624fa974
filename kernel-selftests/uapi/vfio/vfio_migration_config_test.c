// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Config space is written in every state, as a user does who restores it: what
 * the device keeps of a write while it runs, it keeps in all states.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "migration_test.h"

/* A register that a user restores, and bits of it that can be set and cleared at will. */
FIXTURE(config) {
	struct device *device;
	struct stream stream;
};

FIXTURE_VARIANT(config) {
	u32 position;
	u16 bits;
};

FIXTURE_VARIANT_ADD(config, command) {
	.position = PCI_COMMAND,
	.bits = PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY,
};

FIXTURE_VARIANT_ADD(config, interrupt_line) {
	.position = PCI_INTERRUPT_LINE,
	.bits = 0x00ff,
};

/* Errors of access and values that are not kept are told apart. */
static int write_bits(const struct device *device, u32 position, u16 bits, bool set, bool *kept)
{
	u16 value = 0, seen = 0;
	int error = config_read(device, position, &value, sizeof(value));

	value = set ? value | bits : value & ~bits;
	if (!error)
		error = config_write(device, position, &value, sizeof(value));
	if (!error)
		error = config_read(device, position, &seen, sizeof(seen));
	*kept = !error && (seen & bits) == (value & bits);
	return error;
}

FIXTURE_SETUP(config)
{
	bool set, cleared;

	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	/* Twice: the first time may be what a fresh device is in want of. */
	ASSERT_EQ(0, write_bits(self->device, variant->position, variant->bits, true, &set));
	ASSERT_EQ(0, write_bits(self->device, variant->position, variant->bits, false, &cleared));
	REQUIRE(set && cleared, "the device does not keep what is written to this register");
	/* All that the tests do besides writing to config space works without that. */
	REQUIRE_STATES(self->device);
	REQUIRE_TRANSFER(self->device, &self->stream);
}

FIXTURE_TEARDOWN(config)
{
	stream_free(&self->stream);
	device_leave(self->device);
}

static void check_writes(struct __test_metadata *_metadata, const struct device *device,
			 u32 position, u16 bits, const char *when)
{
	int set;

	for (set = 1; set >= 0; set--) {
		bool kept = true;
		int error = write_bits(device, position, bits, set, &kept);

		EXPECT_EQ(0, error)
			TH_LOG("%s: %s", when, strerror(-error));
		EXPECT_TRUE(kept)
			TH_LOG("%s: what was written reads otherwise", when);
	}
}

TEST_F(config, source)
{
	const u32 states[] = {
		VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P,
		VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_RUNNING,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (!device_has_state(self->device, states[i]))
			continue;
		/* Not every state follows every other one in v1. */
		ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
		ASSERT_EQ(0, migration_set_state(self->device, states[i]));
		check_writes(_metadata, self->device, variant->position, variant->bits,
			     state_name(states[i]));
	}
}

TEST_F(config, destination)
{
	const size_t half = self->stream.bytes / 2;
	const u32 position = variant->position;
	const u16 bits = variant->bits;

	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING));
	check_writes(_metadata, self->device, position, bits, "RESUMING");
	ASSERT_EQ(0, stream_write(self->device, self->stream.data, half, STREAM_READ));
	check_writes(_metadata, self->device, position, bits, "RESUMING, half written");
	ASSERT_EQ(0, stream_write(self->device, self->stream.data + half,
				  self->stream.bytes - half, STREAM_READ));
	check_writes(_metadata, self->device, position, bits, "RESUMING, all written");
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP));
	check_writes(_metadata, self->device, position, bits, "STOP");
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
	check_writes(_metadata, self->device, position, bits, "RUNNING");
}

/* What was restored when all data had come is there when the device runs. */
TEST_F(config, restored_before_running)
{
	u16 value = 0;
	bool kept;

	ASSERT_EQ(0, stream_load(self->device, &self->stream));
	EXPECT_EQ(0, write_bits(self->device, variant->position, variant->bits, true, &kept));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(0, config_read(self->device, variant->position, &value, sizeof(value)));
	EXPECT_EQ(variant->bits, value & variant->bits)
		TH_LOG("it is not as it was restored");
}

/* A save takes nothing from config space, and leaves it alone. */
TEST_F(config, saving_changes_nothing)
{
	u8 before[64], after[64];
	bool kept;

	EXPECT_EQ(0, write_bits(self->device, variant->position, variant->bits, true, &kept));
	ASSERT_EQ(0, config_read(self->device, 0, before, sizeof(before)));
	stream_free(&self->stream);
	ASSERT_EQ(0, stream_save(self->device, &self->stream, false));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING));
	ASSERT_EQ(0, config_read(self->device, 0, after, sizeof(after)));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
