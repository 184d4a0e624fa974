// SPDX-License-Identifier: GPL-2.0-or-later
/* Protocol v1: the migration region, used in the order that QEMU 5.2 uses it. */
#include "fixture.h"
#include "ktap.h"

#define REGION		((u64)EMU_MIGRATION_REGION << EMU_REGION_SHIFT)
#define DATA		(REGION + EMU_MIGRATION_DATA_OFFSET)
#define DEVICE_STATE	0
#define PENDING_BYTES	8
#define DATA_OFFSET	16
#define DATA_SIZE	24

#define V1_RUNNING	1
#define V1_SAVING	2
#define V1_RESUMING	4

static s64 set_v1_state(struct fixture *fixture, u32 state)
{
	s64 result = emu_write(fixture->device, REGION + DEVICE_STATE, &state, 4);

	return result == 4 ? 0 : result;
}

static u32 v1_state(struct fixture *fixture)
{
	u32 state = ~0u;

	return emu_read(fixture->device, REGION + DEVICE_STATE, &state, 4) == 4 ? state : ~0u;
}

static s64 field(struct fixture *fixture, u32 offset)
{
	u64 value = 0;
	s64 result = emu_read(fixture->device, REGION + offset, &value, 8);

	return result == 8 ? (s64)value : result;
}

static void accesses(void)
{
	struct fixture *fixture = fixture_new("protocol=v1");
	u64 value = 0;

	CHECK(fixture);
	CHECK_EQUAL(emu_read(fixture->device, REGION, &value, 8), -EINVAL);
	CHECK_EQUAL(emu_read(fixture->device, REGION + 2, &value, 4), -EINVAL);
	CHECK_EQUAL(emu_read(fixture->device, REGION + 8, &value, 4), -EINVAL);
	CHECK_EQUAL(emu_read(fixture->device, REGION + 4, &value, 4), 4);
	CHECK_EQUAL(value, 0);
	CHECK_EQUAL(emu_read(fixture->device, REGION + 32, &value, 8), -EINVAL);
	CHECK_EQUAL(emu_write(fixture->device, REGION + 1, &value, 1), -EINVAL);
	CHECK_EQUAL(emu_read(fixture->device, DATA + FIXTURE_DATA_SIZE, &value, 1),
		    -EINVAL);
	value = 0x1122334455667788;
	CHECK_EQUAL(emu_write(fixture->device, DATA, &value, 8), 8);
	value = 0;
	CHECK_EQUAL(emu_read(fixture->device, DATA + 2, &value, 1), 1);
	CHECK_EQUAL(value, 0x66);
	fixture_free(fixture);
}

static void transitions(void)
{
	static const struct {
		u32 from, to;
		bool legal;
	} cases[] = {
		{ 1, 0, true }, { 1, 2, true }, { 1, 3, true }, { 1, 4, true }, { 1, 1, true },
		{ 3, 2, true }, { 3, 1, true }, { 3, 0, false }, { 3, 4, false },
		{ 2, 0, true }, { 2, 1, true }, { 2, 3, false }, { 2, 4, false },
		{ 0, 1, true }, { 0, 2, true }, { 0, 4, true }, { 0, 3, false },
		{ 4, 3, false }, { 4, 2, false },
		{ 1, 5, false }, { 1, 6, false }, { 1, 7, false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *fixture = fixture_new("protocol=v1");

		CHECK(fixture);
		CHECK_EQUAL(v1_state(fixture), V1_RUNNING);
		CHECK_EQUAL(set_v1_state(fixture, cases[i].from), 0);
		CHECK_EQUAL(v1_state(fixture), cases[i].from);
		CHECK_EQUAL(set_v1_state(fixture, cases[i].to), cases[i].legal ? 0 : -EINVAL);
		CHECK_EQUAL(v1_state(fixture), cases[i].legal ? cases[i].to : cases[i].from);
		fixture_free(fixture);
	}
}

/* One buffer from source to destination; its size, 0 at the end, or -errno. */
static s64 move_buffer(struct fixture *source, struct fixture *destination, bool mapped)
{
	static u8 buffer[FIXTURE_DATA_SIZE];
	s64 offset = field(source, DATA_OFFSET);
	s64 size = field(source, DATA_SIZE);
	u64 value = (u64)size;
	s64 at;

	if (offset != EMU_MIGRATION_DATA_OFFSET || size <= 0)
		return size;
	if (field(source, DATA_OFFSET) != offset || field(source, DATA_SIZE) != size)
		return -EIO;
	if (mapped) {
		memcpy(buffer, source->migration_data, (size_t)size);
		memcpy(destination->migration_data, buffer, (size_t)size);
	} else {
		for (at = 0; at < size; at++) {
			u64 where = REGION + (u64)(offset + at);

			if (emu_read(source->device, where, buffer + at, 1) != 1)
				return -EIO;
		}
		if (field(destination, DATA_OFFSET) != offset)
			return -EIO;
		if (emu_write(destination->device, REGION + (u64)offset, buffer, (u64)size) != size)
			return -EIO;
	}
	at = emu_write(destination->device, REGION + DATA_SIZE, &value, 8);
	return at == 8 ? size : at;
}

static s64 move_pending(struct fixture *source, struct fixture *destination, bool mapped)
{
	s64 total = 0;

	while (field(source, PENDING_BYTES) > 0) {
		s64 moved = move_buffer(source, destination, mapped);

		if (moved < 0)
			return moved;
		total += moved;
	}
	return total;
}

static void migration(bool mapped, const char *settings)
{
	struct fixture *source = fixture_new(settings);
	struct fixture *destination = fixture_new(settings);
	s64 pending;

	CHECK(source && destination);
	source->memory[77] = 77;
	write_register(source, 0x10, 2);
	CHECK_EQUAL(set_v1_state(destination, V1_RESUMING), 0);
	CHECK_EQUAL(set_v1_state(source, V1_RUNNING | V1_SAVING), 0);
	pending = field(source, PENDING_BYTES);
	CHECK_EQUAL(field(source, PENDING_BYTES), pending);
	CHECK_EQUAL(move_pending(source, destination, mapped), pending);
	CHECK_EQUAL(field(source, PENDING_BYTES), 0);
	CHECK_EQUAL(set_v1_state(source, V1_SAVING), 0);
	CHECK_EQUAL(set_v1_state(source, V1_SAVING), 0);
	pending = field(source, PENDING_BYTES);
	CHECK(pending > EMU_MEMORY_SIZE);
	CHECK_EQUAL(move_pending(source, destination, mapped), pending);
	CHECK_EQUAL(set_v1_state(source, 0), 0);
	CHECK_EQUAL(set_v1_state(destination, V1_RUNNING), 0);
	CHECK_EQUAL(destination->memory[77], 77);
	CHECK_EQUAL(read_register(destination, 0x100), 4);
	CHECK_EQUAL(read_register(destination, 0x0c), 5);
	fixture_free(source);
	fixture_free(destination);
}

static void through_the_registers(void)
{
	migration(false, "protocol=v1");
}

static void mapped(void)
{
	migration(true, "protocol=v1\nregion-mmap=on");
}

static void without_pre_copy_data(void)
{
	migration(true, "protocol=v1\ntraits=");
}

/* The buffer that was read last before the state changes has been taken. */
static void state_changes_between(void)
{
	struct fixture *source = fixture_new("protocol=v1");
	struct fixture *destination = fixture_new("protocol=v1");

	CHECK(source && destination);
	CHECK_EQUAL(set_v1_state(destination, V1_RESUMING), 0);
	CHECK_EQUAL(set_v1_state(source, V1_RUNNING | V1_SAVING), 0);
	CHECK(field(source, PENDING_BYTES) > 0);
	CHECK(move_buffer(source, destination, true) > 0);
	CHECK_EQUAL(set_v1_state(source, V1_SAVING), 0);
	CHECK(move_pending(source, destination, true) > 0);
	CHECK_EQUAL(set_v1_state(destination, V1_RUNNING), 0);
	fixture_free(source);
	fixture_free(destination);
}

static void refused_data(void)
{
	struct fixture *source = fixture_new("protocol=v1\nrequire=config");
	struct fixture *destination = fixture_new("protocol=v1\nrequire=config");

	CHECK(source && destination);
	CHECK_EQUAL(set_v1_state(destination, V1_RESUMING), 0);
	CHECK_EQUAL(set_v1_state(source, V1_RUNNING | V1_SAVING), 0);
	CHECK(move_pending(source, destination, true) > 0);
	CHECK_EQUAL(set_v1_state(source, V1_SAVING), 0);
	CHECK(field(source, PENDING_BYTES) > 0);
	CHECK_EQUAL(move_buffer(source, destination, true), -EINVAL);
	CHECK_EQUAL(log_count(destination, "refuse", "'reason':'config'"), 1);
	write_config(destination, 4, 6, 2);
	CHECK(move_buffer(source, destination, true) > 0);
	CHECK(move_pending(source, destination, true) > 0);
	CHECK_EQUAL(set_v1_state(destination, V1_RUNNING), 0);
	fixture_free(source);
	fixture_free(destination);
}

static void flipped_bit(void)
{
	struct fixture *source = fixture_new("protocol=v1");
	struct fixture *destination = fixture_new("protocol=v1\nfault=state-byte:2:flip");

	CHECK(source && destination);
	CHECK_EQUAL(set_v1_state(destination, V1_RESUMING), 0);
	CHECK_EQUAL(set_v1_state(source, V1_SAVING), 0);
	CHECK(move_pending(source, destination, true) > 0);
	CHECK_EQUAL(log_count(destination, "fault", "'operation':'state-byte','nth':2"), 1);
	CHECK_EQUAL(set_v1_state(destination, V1_RUNNING), 0);
	CHECK_EQUAL(read_register(destination, 0x0c), 6);
	fixture_free(source);
	fixture_free(destination);
}

static void incomplete_state(void)
{
	struct fixture *fixture = fixture_new("protocol=v1");
	u64 size = FIXTURE_DATA_SIZE + 1;

	CHECK(fixture);
	CHECK_EQUAL(emu_write(fixture->device, REGION + DATA_SIZE, &size, 8), -EINVAL);
	CHECK_EQUAL(set_v1_state(fixture, V1_RESUMING), 0);
	CHECK_EQUAL(emu_write(fixture->device, REGION + DATA_SIZE, &size, 8), -EINVAL);
	CHECK_EQUAL(set_v1_state(fixture, V1_RUNNING), -EINVAL);
	CHECK_EQUAL(v1_state(fixture), V1_RESUMING);
	CHECK_EQUAL(read_register(fixture, 0x0c), 6);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(v1_state(fixture), V1_RUNNING);
	fixture_free(fixture);
}

static void names_are_those_of_v2(void)
{
	struct fixture *fixture = fixture_new("protocol=v1");

	CHECK(fixture);
	CHECK_EQUAL(set_v1_state(fixture, V1_RUNNING | V1_SAVING), 0);
	CHECK_EQUAL(set_v1_state(fixture, V1_SAVING), 0);
	CHECK_EQUAL(log_count(fixture, "state", "'from':'running','to':'pre-copy','errno':0"),
		    1);
	CHECK_EQUAL(log_count(fixture, "state", "'from':'pre-copy','to':'stop-copy','errno':0"),
		    1);
	fixture_free(fixture);
}

/* The rules are those of the protocol that the device was moved by last. */
static void side_by_side(void)
{
	struct fixture *source = fixture_new("protocol=both");
	struct fixture *destination = fixture_new("protocol=both");
	struct vfio_device_info info = { .argsz = sizeof(info) };

	CHECK(source && destination);
	CHECK_EQUAL(emu_get_info(source->device, &info), 0);
	CHECK_EQUAL(info.num_regions, EMU_NUM_REGIONS);

	CHECK_EQUAL(set_state(source, STOP, NULL), 0);
	CHECK_EQUAL(v1_state(source), 0);
	CHECK_EQUAL(set_v1_state(source, V1_RUNNING), 0);
	CHECK_EQUAL(get_state(source), RUNNING);
	CHECK_EQUAL(set_state(source, RUNNING_P2P, NULL), 0);
	CHECK_EQUAL(set_state(source, RUNNING, NULL), 0);

	CHECK_EQUAL(set_v1_state(destination, V1_RESUMING), 0);
	CHECK_EQUAL(set_v1_state(source, V1_RUNNING | V1_SAVING), 0);
	CHECK_EQUAL(set_v1_state(source, V1_SAVING), 0);
	CHECK(move_pending(source, destination, false) > 0);
	CHECK_EQUAL(set_v1_state(destination, V1_RUNNING), 0);

	/* What cannot be loaded: by v1 the device stays in RESUMING, by v2 it goes to ERROR. */
	CHECK_EQUAL(set_v1_state(destination, V1_RESUMING), 0);
	CHECK_EQUAL(set_v1_state(destination, V1_RUNNING), -EINVAL);
	CHECK_EQUAL(get_state(destination), RESUMING);
	CHECK_EQUAL(set_state(destination, RUNNING, NULL), -EINVAL);
	CHECK_EQUAL(get_state(destination), ERROR_STATE);
	CHECK_EQUAL(v1_state(destination), V1_SAVING | V1_RESUMING);
	fixture_free(source);
	fixture_free(destination);
}

static const struct test tests[] = {
	{ "accesses", accesses },
	{ "transitions", transitions },
	{ "migration through the registers", through_the_registers },
	{ "migration with a mapped data area", mapped },
	{ "migration without pre-copy data", without_pre_copy_data },
	{ "state changes between buffers", state_changes_between },
	{ "refused data", refused_data },
	{ "flipped bit", flipped_bit },
	{ "incomplete state", incomplete_state },
	{ "names are those of v2", names_are_those_of_v2 },
	{ "side by side with v2", side_by_side },
};

TEST_MAIN(tests)
