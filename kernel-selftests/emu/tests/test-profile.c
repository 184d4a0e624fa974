// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of devices.conf that concern the device itself. */
#include "fixture.h"
#include "ktap.h"

static bool accepts(const char *key, const char *value)
{
	struct emu_profile profile;
	char error[EMU_ERROR_SIZE] = "";

	emu_profile_defaults(&profile);
	return !emu_profile_set(&profile, key, value, error) && !error[0];
}

static void all_keys(void)
{
	struct emu_profile profile;

	emu_profile_defaults(&profile);
	CHECK_EQUAL(parse_settings(&profile,
				   "protocol=v1\nseed=0xff\nvectors=2048\nmsi-vectors=32\n"
				   "interrupt-pin=4\ntraits=p2p\npre-copy-bytes=1\n"
				   "stop-copy-bytes=2\nregion-mmap=on\nmemory-mmap=on\n"
				   "dma-logging=on\ndirty-report=drop\n"
				   "require=irqs\nself-contained=on\nraise=running,set-irqs\n"
				   "raise-vector=2047\nstop-copy-pause=100\n"
				   "fault=data-read/pre-copy:3:short"), 0);
	CHECK_EQUAL(profile.protocol, EMU_PROTOCOL_V1);
	CHECK_EQUAL(profile.seed, 255);
	CHECK_EQUAL(profile.vectors, 2048);
	CHECK_EQUAL(profile.msi_vectors, 32);
	CHECK_EQUAL(profile.interrupt_pin, 4);
	CHECK(profile.p2p && !profile.pre_copy);
	CHECK_EQUAL(profile.pre_copy_bytes, 1);
	CHECK_EQUAL(profile.stop_copy_bytes, 2);
	CHECK(profile.region_mmap && profile.memory_mmap && profile.dma_logging);
	CHECK(profile.dirty_drop && profile.self_contained);
	CHECK_EQUAL(profile.require, EMU_REQUIRE_IRQS);
	CHECK_EQUAL(profile.raise_on, EMU_RAISE_ON_RUNNING | EMU_RAISE_ON_SET_IRQS);
	CHECK_EQUAL(profile.raise_vector, 2047);
	CHECK_EQUAL(profile.stop_copy_pause_ms, 100);
	CHECK_EQUAL(profile.fault_count, 1);
	CHECK_EQUAL(profile.faults[0].operation, EMU_OPERATION_DATA_READ);
	CHECK_EQUAL(profile.faults[0].nth, 3);
	CHECK_EQUAL(profile.faults[0].result, EMU_FAULT_SHORT);
}

static void good_values(void)
{
	CHECK(accepts("traits", ""));
	CHECK(accepts("traits", "p2p,pre-copy"));
	CHECK(accepts("raise", ""));
	CHECK(accepts("raise", "running-p2p"));
	CHECK(accepts("require", ""));
	CHECK(accepts("require", "none"));
	CHECK(accepts("dirty-report", "true"));
	CHECK(accepts("stop-copy-bytes", "1073741824"));
	CHECK(accepts("fault", "state/pre-copy-p2p:1:ENOMEM"));
	CHECK(accepts("fault", "set-irqs/destination:2:EINVAL"));
	CHECK(accepts("fault", "state-byte:1:flip"));
	CHECK(accepts("fault", "raise:4000000000:swallow"));
}

static void bad_values(void)
{
	static const char * const bad[][2] = {
		{ "protocol", "v3" }, { "protocol", "" }, { "vectors", "0" },
		{ "vectors", "2049" }, { "vectors", "8x" }, { "vectors", "" },
		{ "vectors", "-1" }, { "seed", "4294967296" }, { "seed", "0x" },
		{ "msi-vectors", "3" }, { "msi-vectors", "64" }, { "interrupt-pin", "5" },
		{ "traits", "pre-copy,p3p" }, { "traits", "pre-copyp2p" }, { "traits", "," },
		{ "region-mmap", "yes" }, { "dirty-report", "false" }, { "require", "all" },
		{ "raise", "stop" }, { "stop-copy-bytes", "99999999999999999999999" },
		{ "fault", "" }, { "fault", "reset" }, { "fault", "reset:1" },
		{ "fault", "reset:0:EIO" }, { "fault", "reset:1:EIO:x" },
		{ "fault", "reset:1:EPERM" }, { "fault", "reset:1:short" },
		{ "fault", "raise:1:EIO" }, { "fault", "state-byte:1:EIO" },
		{ "fault", "state/error:1:EIO" }, { "fault", "nonsense:1:EIO" },
		{ "fault", "a-very-long-name-of-an-operation-that-is-none:1:EIO" },
		{ "no-such-key", "1" }, { "", "" },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (accepts(bad[i][0], bad[i][1]))
			printf("# accepted: %s=%s\n", bad[i][0], bad[i][1]);
		CHECK(!accepts(bad[i][0], bad[i][1]));
	}
}

static void errors_have_a_reason(void)
{
	struct emu_profile profile;
	char error[EMU_ERROR_SIZE];
	char value[400];

	emu_profile_defaults(&profile);
	CHECK_EQUAL(emu_profile_set(&profile, "colour", "red", error), -EINVAL);
	CHECK(!strcmp(error, "unknown key: colour"));
	CHECK_EQUAL(emu_profile_set(&profile, "vectors", "red", error), -EINVAL);
	CHECK(strstr(error, "red"));
	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	CHECK_EQUAL(emu_profile_set(&profile, "vectors", value, error), -EINVAL);
	CHECK_EQUAL(strlen(error), EMU_ERROR_SIZE - 1);
}

static void too_many_faults(void)
{
	struct emu_profile profile;
	char error[EMU_ERROR_SIZE];
	u32 i;

	emu_profile_defaults(&profile);
	for (i = 0; i < EMU_MAX_FAULTS; i++)
		CHECK_EQUAL(emu_profile_set(&profile, "fault", "reset:1:EIO", error), 0);
	CHECK_EQUAL(emu_profile_set(&profile, "fault", "reset:1:EIO", error), -EINVAL);
}

static const struct test tests[] = {
	{ "all keys", all_keys },
	{ "good values", good_values },
	{ "bad values", bad_values },
	{ "errors have a reason", errors_have_a_reason },
	{ "too many faults", too_many_faults },
};

TEST_MAIN(tests)
