// SPDX-License-Identifier: GPL-2.0-or-later
/* VFIO_DEVICE_FEATURE and VFIO_MIG_GET_PRECOPY_INFO. */
#include "fixture.h"
#include "ktap.h"

#define GET	VFIO_DEVICE_FEATURE_GET
#define SET	VFIO_DEVICE_FEATURE_SET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE

struct request {
	struct vfio_device_feature feature;
	u64 payload;
};

static int ask(struct fixture *fixture, u32 flags, u32 argsz, u64 *payload)
{
	struct request request = { .feature = { .argsz = argsz, .flags = flags } };
	enum emu_stream wanted;
	int result = emu_feature(fixture->device, &request.feature, sizeof(request), &wanted);

	if (payload)
		*payload = request.payload;
	return result;
}

static void migration_flags(void)
{
	static const struct {
		const char *settings;
		u64 flags;
	} cases[] = {
		{ "traits=", 1 }, { "traits=p2p", 3 }, { "traits=pre-copy", 5 },
		{ "traits=pre-copy,p2p", 7 }, { "traits=\nconfig-first=on", 9 },
		{ "config-first=on\nfault=migration-flags:1:zero", 8 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *fixture = fixture_new(cases[i].settings);
		u64 flags = 0;

		CHECK(fixture);
		CHECK_EQUAL(ask(fixture, GET | VFIO_DEVICE_FEATURE_MIGRATION, 16, &flags), 0);
		CHECK_EQUAL(flags, cases[i].flags);
		fixture_free(fixture);
	}
}

static void checks(void)
{
	struct fixture *fixture = fixture_new("");
	u32 migration = VFIO_DEVICE_FEATURE_MIGRATION;
	u32 state = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;

	CHECK(fixture);
	CHECK_EQUAL(ask(fixture, GET | migration, 4, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, GET | migration, 12, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, SET | migration, 16, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, migration, 16, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, GET | SET | state, 16, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, GET | state | 1u << 31, 16, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, PROBE | GET | SET | state, 8, NULL), 0);
	CHECK_EQUAL(ask(fixture, PROBE | GET | migration, 8, NULL), 0);
	CHECK_EQUAL(ask(fixture, PROBE | SET | migration, 8, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, PROBE | SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 8, NULL),
		    -ENOTTY);
	CHECK_EQUAL(ask(fixture, GET | 999, 16, NULL), -ENOTTY);
	fixture_free(fixture);
}

static void absent_in_v1(void)
{
	struct fixture *fixture = fixture_new("protocol=v1");

	CHECK(fixture);
	CHECK_EQUAL(ask(fixture, GET | VFIO_DEVICE_FEATURE_MIGRATION, 16, NULL), -ENOTTY);
	CHECK_EQUAL(ask(fixture, PROBE | GET | VFIO_DEVICE_FEATURE_MIGRATION, 8, NULL), -ENOTTY);
	fixture_free(fixture);
}

static u8 stream[1 << 21];

static void sizes(void)
{
	struct fixture *fixture = fixture_new("pre-copy-bytes=300000\nstop-copy-bytes=1500000");
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	u32 data_size = GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE;
	u64 estimate, left;
	s64 bytes;

	CHECK(fixture);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), -EINVAL);
	CHECK_EQUAL(ask(fixture, data_size, 16, &estimate), 0);
	CHECK(estimate >= 1500000 + EMU_MEMORY_SIZE);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK(info.initial_bytes >= 300000 && info.initial_bytes < 301000);
	CHECK_EQUAL(info.dirty_bytes, 0);
	bytes = (s64)info.initial_bytes;
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 1000), 1000);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK_EQUAL(info.initial_bytes, bytes - 1000);
	CHECK_EQUAL(read_all(fixture, stream, sizeof(stream), 100000), bytes - 1000);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK_EQUAL(info.initial_bytes, 0);
	info.argsz = 8;
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), -EINVAL);
	info.argsz = sizeof(info);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), -EINVAL);
	CHECK_EQUAL(ask(fixture, data_size, 16, &left), 0);
	CHECK_EQUAL(left, estimate);
	CHECK_EQUAL(read_all(fixture, stream, sizeof(stream), 100000), left);
	CHECK_EQUAL(ask(fixture, data_size, 16, &left), 0);
	CHECK_EQUAL(left, 0);
	fixture_free(fixture);
}

static void new_data_in_pre_copy(void)
{
	struct fixture *fixture = fixture_new("pre-copy-bytes=300000\nreinit-bytes=100000");
	struct vfio_precopy_info info = { .argsz = sizeof(info) };
	u32 info_v2 = VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2;
	u64 size;

	CHECK(fixture);
	CHECK_EQUAL(ask(fixture, PROBE | SET | info_v2, 8, NULL), 0);
	CHECK_EQUAL(ask(fixture, GET | info_v2, 8, NULL), -EINVAL);
	CHECK_EQUAL(ask(fixture, SET | info_v2, 8, NULL), 0);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK_EQUAL(info.flags, 0);
	CHECK(info.initial_bytes >= 200000 && info.initial_bytes < 201000);
	CHECK_EQUAL(read_all(fixture, stream, sizeof(stream), 70000), (s64)info.initial_bytes);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 10), -ENOMSG);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK_EQUAL(info.flags, VFIO_PRECOPY_INFO_REINIT);
	CHECK(info.initial_bytes >= 100000 && info.initial_bytes < 101000);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK_EQUAL(info.flags, 0);
	CHECK_EQUAL(read_all(fixture, stream, sizeof(stream), 70000), (s64)info.initial_bytes);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK_EQUAL(info.initial_bytes, 0);
	CHECK_EQUAL(info.flags, 0);

	/* Who leaves pre-copy before that gets it all the same. */
	emu_device_close(fixture->device);
	CHECK_EQUAL(ask(fixture, SET | info_v2, 8, NULL), 0);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 1000), 1000);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(ask(fixture, GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, 16, &size), 0);
	CHECK_EQUAL(read_all(fixture, stream, sizeof(stream), 70000), (s64)size);
	CHECK(size > 299000);
	fixture_free(fixture);
}

/* Nothing is held back from who has not said that it can be told, and the next user says it anew. */
static void nothing_new_without_asking(void)
{
	struct fixture *fixture = fixture_new("pre-copy-bytes=300000\nreinit-bytes=100000");
	struct vfio_precopy_info info = { .argsz = sizeof(info) };

	CHECK(fixture);
	CHECK_EQUAL(ask(fixture, SET | VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, 8, NULL), 0);
	emu_device_close(fixture->device);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK(info.initial_bytes >= 300000);
	CHECK_EQUAL(read_all(fixture, stream, sizeof(stream), 70000), (s64)info.initial_bytes);
	CHECK_EQUAL(emu_get_precopy_info(fixture->device, &info), 0);
	CHECK_EQUAL(info.flags, 0);
	fixture_free(fixture);
	fixture = fixture_new("traits=p2p");
	CHECK(fixture);
	CHECK_EQUAL(ask(fixture, PROBE | SET | VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, 8, NULL), -EINVAL);
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "migration flags", migration_flags },
	{ "checks", checks },
	{ "absent in v1", absent_in_v1 },
	{ "sizes", sizes },
	{ "new data in pre-copy", new_data_in_pre_copy },
	{ "nothing new without asking", nothing_new_without_asking },
};

TEST_MAIN(tests)
