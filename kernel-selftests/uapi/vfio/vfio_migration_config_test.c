// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Config space is written in every state, as a user does who restores it: what
 * the device keeps of a write while it runs, it keeps in all states.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "migration_test.h"

/* Registers that a user restores, and bits of theirs that can be set and cleared at will. */
static const struct config_register {
	const char *name;
	u32 position;
	u16 bits;
} registers[] = {
	{ "command", PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY },
	{ "interrupt line", PCI_INTERRUPT_LINE, 0x00ff },
};

FIXTURE(config) {
	struct device *device;
	struct stream stream;
	bool kept[ARRAY_SIZE(registers)];
};

/* Errors of access and values that are not kept are told apart. */
static int write_bits(const struct device *device, const struct config_register *reg, bool set,
		      bool *kept)
{
	u16 value = 0, seen = 0;
	int error = config_read(device, reg->position, &value, sizeof(value));

	value = set ? value | reg->bits : value & ~reg->bits;
	if (!error)
		error = config_write(device, reg->position, &value, sizeof(value));
	if (!error)
		error = config_read(device, reg->position, &seen, sizeof(seen));
	*kept = !error && (seen & reg->bits) == (value & reg->bits);
	return error;
}

FIXTURE_SETUP(config)
{
	bool any = false;
	size_t i;

	OPEN_MIGRATING(self->device, 0, OPEN_BY_ANY);
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		bool set, cleared;

		/* Twice: the first time may be what a fresh device is in want of. */
		ASSERT_EQ(0, write_bits(self->device, &registers[i], true, &set));
		ASSERT_EQ(0, write_bits(self->device, &registers[i], false, &cleared));
		self->kept[i] = set && cleared;
		any |= self->kept[i];
	}
	REQUIRE(any, "the device keeps nothing of what is written to its config space");
}

FIXTURE_TEARDOWN(config)
{
	stream_free(&self->stream);
	device_close(self->device);
}

static void check_writes(struct __test_metadata *_metadata, const struct device *device,
			 const bool *kept, const char *when)
{
	size_t i;
	int set;

	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		for (set = 1; set >= 0; set--) {
			bool is_kept = true;
			int error = write_bits(device, &registers[i], set, &is_kept);

			EXPECT_EQ(0, error)
				TH_LOG("%s: %s: %s", when, registers[i].name, strerror(-error));
			if (kept[i]) {
				EXPECT_TRUE(is_kept)
					TH_LOG("%s: %s was written and reads otherwise", when,
					       registers[i].name);
			}
		}
	}
}

TEST_F(config, running)
{
	check_writes(_metadata, self->device, self->kept, "RUNNING");
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
		REQUIRE_DONE(migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING),
			     STREAM_TEST);
		REQUIRE_DONE(migration_set_state(self->device, states[i]), STREAM_TEST);
		check_writes(_metadata, self->device, self->kept, state_name(states[i]));
	}
}

TEST_F(config, destination)
{
	size_t half;

	REQUIRE_DONE(stream_save(self->device, &self->stream, false), STREAM_TEST);
	REQUIRE_DONE(migration_set_state(self->device, VFIO_DEVICE_STATE_RESUMING), STREAM_TEST);
	check_writes(_metadata, self->device, self->kept, "RESUMING");
	half = self->stream.bytes / 2;
	REQUIRE_DONE(stream_write(self->device, self->stream.data, half, STREAM_READ), STREAM_TEST);
	check_writes(_metadata, self->device, self->kept, "RESUMING, half written");
	REQUIRE_DONE(stream_write(self->device, self->stream.data + half, self->stream.bytes - half,
				  STREAM_READ), STREAM_TEST);
	check_writes(_metadata, self->device, self->kept, "RESUMING, all written");
	REQUIRE_DONE(migration_set_state(self->device, VFIO_DEVICE_STATE_STOP), STREAM_TEST);
	check_writes(_metadata, self->device, self->kept, "STOP");
	REQUIRE_DONE(migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING), STREAM_TEST);
	check_writes(_metadata, self->device, self->kept, "RUNNING");
}

/* What was restored when all data had come is there when the device runs. */
TEST_F(config, restored_before_running)
{
	u16 value;
	bool kept;
	size_t i;

	REQUIRE_DONE(stream_save(self->device, &self->stream, false), STREAM_TEST);
	REQUIRE_DONE(stream_load(self->device, &self->stream), STREAM_TEST);
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		EXPECT_EQ(0, write_bits(self->device, &registers[i], true, &kept))
			TH_LOG("%s", registers[i].name);
	}
	REQUIRE_DONE(migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING), STREAM_TEST);
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		if (!self->kept[i])
			continue;
		EXPECT_EQ(0, config_read(self->device, registers[i].position, &value,
					 sizeof(value)));
		EXPECT_EQ(registers[i].bits, value & registers[i].bits)
			TH_LOG("%s is not as it was restored", registers[i].name);
	}
}

/* A save takes nothing from config space, and leaves it alone. */
TEST_F(config, saving_changes_nothing)
{
	u8 before[64], after[64];
	bool kept;

	EXPECT_EQ(0, write_bits(self->device, &registers[0], true, &kept));
	ASSERT_EQ(0, config_read(self->device, 0, before, sizeof(before)));
	REQUIRE_DONE(stream_save(self->device, &self->stream, false), STREAM_TEST);
	REQUIRE_DONE(migration_set_state(self->device, VFIO_DEVICE_STATE_RUNNING), STREAM_TEST);
	ASSERT_EQ(0, config_read(self->device, 0, after, sizeof(after)));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
