// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices that need something before they take their state. */
#include "fixture.h"
#include "ktap.h"

static u8 stream[1 << 20];
static s64 pre_copy_bytes, stream_bytes;

static struct fixture *destination_with_stream(const char *settings)
{
	struct fixture *source = fixture_new(settings);
	struct fixture *destination = fixture_new(settings);
	bool good = false;

	if (source && destination && !set_state(source, PRE_COPY, NULL)) {
		pre_copy_bytes = read_all(source, stream, sizeof(stream), sizeof(stream));
		good = !set_state(source, STOP_COPY, NULL);
		stream_bytes = pre_copy_bytes + read_all(source, stream + pre_copy_bytes,
							 sizeof(stream) - (u64)pre_copy_bytes,
							 sizeof(stream));
	}
	fixture_free(source);
	if (good && !set_state(destination, RESUMING, NULL))
		return destination;
	fixture_free(destination);
	return NULL;
}

static s64 write_stream(struct fixture *fixture, s64 from, s64 to)
{
	return write_all(fixture, stream + from, (u64)(to - from), 0);
}

static void config(void)
{
	struct fixture *fixture = destination_with_stream("require=config");

	CHECK(fixture);
	CHECK_EQUAL(write_stream(fixture, 0, pre_copy_bytes), pre_copy_bytes);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes), -EINVAL);
	CHECK_EQUAL(log_count(fixture, "refuse", "'operation':'data-write','reason':'config',"
						 "'errno':22"), 1);
	CHECK_EQUAL(log_count(fixture, "data-write", "'bytes':0"), 1);
	write_config(fixture, 0x3c, 1, 1);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes), -EINVAL);
	/* The stream can go on after the refusal. */
	write_config(fixture, 4, 6, 2);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes),
		    stream_bytes - pre_copy_bytes);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	fixture_free(fixture);
}

static void config_in_pieces(void)
{
	struct fixture *fixture = destination_with_stream("require=config");
	s64 at;

	CHECK(fixture);
	for (at = 0; at < pre_copy_bytes + 15; at++)
		CHECK_EQUAL(write_stream(fixture, at, at + 1), 1);
	CHECK_EQUAL(write_stream(fixture, at, at + 1), -EINVAL);
	CHECK_EQUAL(write_stream(fixture, at, stream_bytes), -EINVAL);
	write_config(fixture, 4, 6, 2);
	CHECK_EQUAL(write_stream(fixture, at, stream_bytes), stream_bytes - at);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	fixture_free(fixture);
}

static void both_phases_in_one_write(void)
{
	struct fixture *fixture = destination_with_stream("require=config");

	CHECK(fixture);
	CHECK_EQUAL(emu_migration_write(fixture->device, stream, (u64)stream_bytes),
		    pre_copy_bytes);
	CHECK_EQUAL(emu_migration_write(fixture->device, stream + pre_copy_bytes, 100), -EINVAL);
	fixture_free(fixture);
}

static void config_before_resuming_does_not_count(void)
{
	struct fixture *fixture = destination_with_stream("require=config");

	CHECK(fixture);
	write_config(fixture, 4, 6, 2);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_stream(fixture, 0, pre_copy_bytes), pre_copy_bytes);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes), -EINVAL);
	fixture_free(fixture);
}

static void config_any(void)
{
	struct fixture *fixture = destination_with_stream("require=config-any");

	CHECK(fixture);
	CHECK_EQUAL(write_stream(fixture, 0, pre_copy_bytes), -EINVAL);
	CHECK_EQUAL(log_count(fixture, "refuse", "'reason':'config-any'"), 1);
	write_config(fixture, 4, 6, 2);
	CHECK_EQUAL(write_stream(fixture, 0, stream_bytes), stream_bytes);
	fixture_free(fixture);
}

static void irqs(void)
{
	struct fixture *fixture = destination_with_stream("require=irqs");

	CHECK(fixture);
	CHECK_EQUAL(write_stream(fixture, 0, pre_copy_bytes), pre_copy_bytes);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, -1), 0);
	CHECK_EQUAL(set_eventfds(fixture, 3, 0, 1, 9), 0);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes), -EINVAL);
	CHECK_EQUAL(log_count(fixture, "refuse", "'reason':'irqs'"), 1);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 4, 0), 0);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes),
		    stream_bytes - pre_copy_bytes);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	fixture_free(fixture);
}

static void no_config(void)
{
	struct fixture *fixture = destination_with_stream("require=no-config");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 4, 0), 0);
	CHECK_EQUAL(write_stream(fixture, 0, stream_bytes), stream_bytes);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	write_config(fixture, 4, 6, 2);
	CHECK_EQUAL(write_stream(fixture, 0, pre_copy_bytes), pre_copy_bytes);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes), -EINVAL);
	CHECK_EQUAL(log_count(fixture, "refuse", "'reason':'no-config'"), 1);
	fixture_free(fixture);
}

static void no_irqs(void)
{
	struct fixture *fixture = destination_with_stream("require=no-irqs");

	CHECK(fixture);
	write_config(fixture, 4, 6, 2);
	CHECK_EQUAL(write_stream(fixture, 0, stream_bytes), stream_bytes);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 4, 0), 0);
	CHECK_EQUAL(write_stream(fixture, 0, pre_copy_bytes), pre_copy_bytes);
	CHECK_EQUAL(write_stream(fixture, pre_copy_bytes, stream_bytes), -EINVAL);
	CHECK_EQUAL(log_count(fixture, "refuse", "'reason':'no-irqs'"), 1);
	fixture_free(fixture);
}

static void self_contained(void)
{
	static const char * const settings[] = {
		"require=config\nself-contained=on", "require=config-any\nself-contained=on",
		"require=irqs\nself-contained=on", "require=no-irqs\nself-contained=on",
		"require=no-config\nself-contained=on",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		struct fixture *fixture = destination_with_stream(settings[i]);

		CHECK(fixture);
		CHECK_EQUAL(write_stream(fixture, 0, stream_bytes), stream_bytes);
		CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
		CHECK_EQUAL(log_count(fixture, "refuse", NULL), 0);
		fixture_free(fixture);
	}
}

static void self_contained_restores_config(void)
{
	struct fixture *source = fixture_new("self-contained=on");
	struct fixture *destination = fixture_new("self-contained=on");
	s64 bytes;

	CHECK(source && destination);
	CHECK_EQUAL(set_state(source, PRE_COPY, NULL), 0);
	bytes = read_all(source, stream, sizeof(stream), sizeof(stream));
	/* After config space went out for the first time. */
	write_config(source, 4, 0x0406, 2);
	write_config(source, 0x62, 0x8000, 2);
	CHECK_EQUAL(set_state(source, STOP_COPY, NULL), 0);
	bytes += read_all(source, stream + bytes, sizeof(stream) - (u64)bytes, sizeof(stream));
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_stream(destination, 0, bytes), bytes);
	CHECK_EQUAL(set_state(destination, RUNNING, NULL), 0);
	CHECK_EQUAL(read_config(destination, 4, 2), 0x0406);
	CHECK_EQUAL(read_config(destination, 0x62, 2), 0x8007);
	fixture_free(source);
	fixture_free(destination);
}

static const struct test tests[] = {
	{ "config", config },
	{ "config, byte by byte", config_in_pieces },
	{ "both phases in one write", both_phases_in_one_write },
	{ "config before RESUMING does not count", config_before_resuming_does_not_count },
	{ "config for any data", config_any },
	{ "interrupts", irqs },
	{ "no config space yet", no_config },
	{ "no interrupts yet", no_irqs },
	{ "self-contained satisfies all", self_contained },
	{ "self-contained restores config space", self_contained_restores_config },
};

TEST_MAIN(tests)
