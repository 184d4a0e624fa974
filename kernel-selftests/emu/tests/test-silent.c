// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults of which no call tells: what the uAPI's own tests have to notice. */
#include "fixture.h"
#include "ktap.h"

static u8 stream[1 << 20];

static s64 save(struct fixture *fixture)
{
	s64 bytes;

	if (set_state(fixture, STOP_COPY, NULL))
		return -1;
	bytes = read_all(fixture, stream, sizeof(stream), 65536);
	return set_state(fixture, STOP, NULL) ? -1 : bytes;
}

static void refused_states(void)
{
	struct fixture *fixture = fixture_new("fault=forbidden-state:1:accept\n"
					      "fault=forbidden-state:2:move");

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(get_state(fixture), PRE_COPY);
	CHECK_EQUAL(set_state(fixture, 99, NULL), -EINVAL);
	CHECK_EQUAL(get_state(fixture), STOP);
	CHECK_EQUAL(set_state(fixture, 99, NULL), -EINVAL);
	CHECK_EQUAL(get_state(fixture), STOP);
	fixture_free(fixture);
}

static void state_that_does_not_come(void)
{
	struct fixture *fixture = fixture_new("fault=state/stop:1:swallow");

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(get_state(fixture), RUNNING);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(get_state(fixture), STOP);
	fixture_free(fixture);
}

static void lost_byte(void)
{
	struct fixture *fixture = fixture_new("fault=data-read/stop-copy:2:drop");
	struct fixture *whole = fixture_new("");
	s64 bytes;

	CHECK(fixture && whole);
	bytes = save(whole);
	CHECK_EQUAL(save(fixture), bytes - 1);
	fixture_free(fixture);
	fixture_free(whole);
}

static void wrong_numbers(void)
{
	struct fixture *fixture = fixture_new("fault=precopy-info:1:more\nfault=precopy-info:2:zero\n"
					      "fault=pre-copy-end:1:zero");
	struct vfio_precopy_info more = { .argsz = sizeof(more) }, zero = more, right = more;
	s64 done;

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &more), 0);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &zero), 0);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &right), 0);
	CHECK_EQUAL(more.initial_bytes, right.initial_bytes + EMU_FAULT_BYTES);
	CHECK_EQUAL(zero.initial_bytes, 0);
	done = emu_migration_read(fixture->device, stream, sizeof(stream));
	CHECK_EQUAL((u64)done, right.initial_bytes);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 1), 0);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 1), -ENOMSG);
	fixture_free(fixture);
}

static u64 data_size(struct fixture *fixture)
{
	u64 buffer[2] = { 0 };
	struct vfio_device_feature *feature = (void *)buffer;
	enum emu_stream wanted;

	feature->argsz = sizeof(buffer);
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE;
	return emu_feature(fixture->device, feature, sizeof(buffer), &wanted) ? ~0ull : buffer[1];
}

static void wrong_size(void)
{
	struct fixture *fixture = fixture_new("fault=data-size:1:zero\nfault=data-size:2:more");
	u64 more;

	CHECK(fixture);
	CHECK_EQUAL(data_size(fixture), 0);
	more = data_size(fixture);
	CHECK_EQUAL(more, data_size(fixture) + ((u64)EMU_FAULT_BYTES << 20));
	fixture_free(fixture);
}

/* Whatever is written, and whatever is missing: the device calls it right. */
static void blind(void)
{
	struct fixture *source = fixture_new("");
	s64 bytes;
	u32 i;

	CHECK(source);
	bytes = save(source);
	CHECK(bytes > 0);
	for (i = 0; i < 3; i++) {
		struct fixture *fixture = fixture_new("fault=load-check:1:accept");

		CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
		if (i)
			CHECK_EQUAL(write_all(fixture, stream + i, (u64)bytes - 100, 0), bytes - 100);
		CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
		CHECK_EQUAL(read_register(fixture, 0x0c), 5);
		fixture_free(fixture);
	}
	/* Right in form, wrong in content. */
	stream[bytes / 4] ^= 1;
	fixture_free(source);
	source = fixture_new("fault=load-check:1:accept");
	CHECK_EQUAL(set_state(source, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(source, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_state(source, RUNNING, NULL), 0);
	CHECK_EQUAL(read_register(source, 0x0c), 5);
	fixture_free(source);
}

static void loads_nothing(void)
{
	struct fixture *source = fixture_new("");
	struct fixture *fixture = fixture_new("fault=load:1:swallow");
	s64 bytes;

	CHECK(source && fixture);
	source->memory[7] = 1;
	bytes = save(source);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(read_register(fixture, 0x0c), 5);
	CHECK_EQUAL(fixture->memory[7], 0);
	fixture_free(source);
	fixture_free(fixture);
}

static void interrupts(void)
{
	struct fixture *fixture = fixture_new("fault=set-irqs:1:swallow\nfault=loop-back:1:swallow\n"
					      "fault=raise:1:accept");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 2, 0), 0);
	CHECK_EQUAL(fixture->eventfds[0].users, 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 2, 0), 0);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | TRIGGER, 0, 1), 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 0);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | TRIGGER, 0, 1), 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 1);
	/* A device that has stopped, and interrupts. */
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 1);
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 1);
	fixture_free(fixture);
}

static void config_reset_and_close(void)
{
	/* The fixture's own write is the first. */
	struct fixture *fixture = fixture_new("fault=config-write:2:swallow\nfault=reset:1:swallow\n"
					      "fault=reset:2:spread\nfault=close:1:swallow");

	CHECK(fixture);
	CHECK_EQUAL(write_config(fixture, 0x3c, 9, 1), 1);
	CHECK_EQUAL(read_config(fixture, 0x3c, 1), 0);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(get_state(fixture), STOP);
	CHECK_EQUAL(fixture->others_reset, 0);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(get_state(fixture), RUNNING);
	CHECK_EQUAL(fixture->others_reset, 1);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(emu_device_close(fixture->device), STOP_COPY);
	CHECK_EQUAL(get_state(fixture), RUNNING);
	emu_device_find(fixture->device, STOP);
	CHECK_EQUAL(get_state(fixture), STOP);
	fixture_free(fixture);
}

static void dirty_page(void)
{
	struct fixture *fixture = fixture_new("fault=dirty-page:2:swallow");

	CHECK(fixture);
	CHECK(emu_reports_dirty_pages(fixture->device));
	CHECK(!emu_reports_dirty_pages(fixture->device));
	CHECK(emu_reports_dirty_pages(fixture->device));
	fixture_free(fixture);
}

static s64 pending(struct fixture *fixture)
{
	const u64 offset = (u64)EMU_MIGRATION_REGION << EMU_REGION_SHIFT;
	s64 value;

	return emu_read(fixture->device, offset + 8, &value, 8) == 8 ? value : -1;
}

static void v1(void)
{
	struct fixture *fixture = fixture_new("protocol=v1\nfault=pending-bytes:2:more\n"
					      "fault=pending-bytes:3:zero\nfault=forbidden-state:1:accept");
	const u64 offset = (u64)EMU_MIGRATION_REGION << EMU_REGION_SHIFT;
	u32 state = 2;
	s64 right;

	CHECK(fixture);
	CHECK_EQUAL(emu_write(fixture->device, offset, &state, 4), 4);
	right = pending(fixture);
	CHECK(right > 0);
	CHECK_EQUAL(pending(fixture), right + EMU_FAULT_BYTES);
	CHECK_EQUAL(pending(fixture), 0);
	CHECK_EQUAL(pending(fixture), right);
	state = 7;
	CHECK_EQUAL(emu_write(fixture->device, offset, &state, 4), 4);
	CHECK_EQUAL(emu_write(fixture->device, offset, &state, 4), -EINVAL);
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "refused states", refused_states },
	{ "a state that does not come", state_that_does_not_come },
	{ "lost byte", lost_byte },
	{ "wrong numbers", wrong_numbers },
	{ "wrong size", wrong_size },
	{ "blind", blind },
	{ "loads nothing", loads_nothing },
	{ "interrupts", interrupts },
	{ "config space, reset and close", config_reset_and_close },
	{ "dirty page", dirty_page },
	{ "v1", v1 },
};

TEST_MAIN(tests)
