// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state machine of protocol v2.  The paths are those that <linux/vfio.h>
 * prescribes: the shortest, with no saving state inside.
 */
#include "../device/device.h"
#include "fixture.h"
#include "ktap.h"

/*
 * Letters for the states in a path: error, stop, running, stop-copy, resuming (L: load),
 * running-p2p, pre-copy, pre-copy-p2p.
 */
static const char letters[] = "!SRCLrPp";

static int state_of(char letter)
{
	return (int)(strchr(letters, letter) - letters);
}

/* The whole path between two states as a string, "" if there is none. */
static void path_between(const struct fixture *fixture, int from, int to, char *path)
{
	u32 length = 0;

	path[length++] = letters[from];
	while (from != to && length < 8) {
		from = emu_next_state(fixture->device, from, to);
		if (from < 0) {
			path[0] = '\0';
			return;
		}
		path[length++] = letters[from];
	}
	path[length] = '\0';
}

/* Every transition that needs more than its name: one path for each pair, separated by spaces. */
static bool paths_match(const char *settings, const char *states, const char *wanted)
{
	struct fixture *fixture = fixture_new(settings);
	const char *from, *to;
	u32 possible = 0;
	char path[16];

	for (from = states; *from; from++) {
		for (to = states; *to; to++) {
			char search[18];

			if (from == to)
				continue;
			path_between(fixture, state_of(*from), state_of(*to), path);
			if (!*path)
				continue;
			possible++;
			snprintf(search, sizeof(search), " %s ", path);
			if (!strstr(wanted, search)) {
				printf("# unexpected path %s\n", path);
				fixture_free(fixture);
				return false;
			}
		}
	}
	for (; *wanted; wanted++)
		possible -= *wanted == ' ' && wanted[1];
	if (possible)
		printf("# %d paths too many or too few\n", (int)possible);
	fixture_free(fixture);
	return !possible;
}

static void paths_with_everything(void)
{
	CHECK(paths_match("traits=pre-copy,p2p", "SRCLrPp",
			  " SrR Sr SL SC SrRP Srp"
			  " RrS Rr RrSL RrSC RP Rrp"
			  " CS CSrR CSr CSL"
			  " LS LSrR LSr LSC LSrRP LSrp"
			  " rS rR rSL rSC rRP rp"
			  " PRrS PR PRr PRrSL PpC Pp"
			  " prS prR pr prSL pC pP "));
}

static void paths_with_p2p(void)
{
	CHECK(paths_match("traits=p2p", "SRCLr",
			  " SrR Sr SL SC RrS Rr RrSL RrSC CS CSrR CSr CSL LS LSrR LSr LSC"
			  " rS rR rSL rSC "));
}

static void paths_with_pre_copy(void)
{
	CHECK(paths_match("traits=pre-copy", "SRCLP",
			  " SR SL SC SRP RS RSL RSC RP CS CSR CSL LS LSR LSC LSRP"
			  " PRS PR PRSL PC "));
}

static void paths_with_nothing(void)
{
	CHECK(paths_match("traits=", "SRCL", " SR SL SC RS RSL RSC CS CSR CSL LS LSR LSC "));
}

static void unsupported_states(void)
{
	struct fixture *fixture = fixture_new("traits=");
	u32 state;

	CHECK(fixture);
	for (state = RUNNING_P2P; state < 12; state++) {
		CHECK_EQUAL(set_state(fixture, state, NULL), -EINVAL);
		CHECK_EQUAL(get_state(fixture), RUNNING);
	}
	CHECK_EQUAL(set_state(fixture, ERROR_STATE, NULL), -EINVAL);
	CHECK_EQUAL(set_state(fixture, 0xffffffff, NULL), -EINVAL);
	CHECK_EQUAL(get_state(fixture), RUNNING);
	fixture_free(fixture);
}

static void illegal_transitions_change_nothing(void)
{
	struct fixture *fixture = fixture_new("traits=pre-copy,p2p");
	u8 byte;

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(emu_migration_read(fixture->device, &byte, 1), 1);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), -EINVAL);
	CHECK_EQUAL(set_state(fixture, PRE_COPY_P2P, NULL), -EINVAL);
	CHECK_EQUAL(get_state(fixture), STOP_COPY);
	CHECK_EQUAL(emu_migration_read(fixture->device, &byte, 1), 1);
	CHECK_EQUAL(log_count(fixture, "state", "'from':'stop-copy','to':'pre-copy','errno':22"),
		    1);
	fixture_free(fixture);
}

static void data_descriptors(void)
{
	struct fixture *fixture = fixture_new("traits=pre-copy,p2p");
	enum emu_stream wanted;

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, &wanted), 0);
	CHECK_EQUAL(wanted, EMU_STREAM_READ);
	CHECK_EQUAL(set_state(fixture, PRE_COPY_P2P, &wanted), 0);
	CHECK_EQUAL(wanted, EMU_STREAM_NONE);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, &wanted), 0);
	CHECK_EQUAL(wanted, EMU_STREAM_NONE);
	CHECK_EQUAL(set_state(fixture, STOP, &wanted), 0);
	CHECK_EQUAL(wanted, EMU_STREAM_NONE);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, &wanted), 0);
	CHECK_EQUAL(wanted, EMU_STREAM_READ);
	CHECK_EQUAL(set_state(fixture, RESUMING, &wanted), 0);
	CHECK_EQUAL(wanted, EMU_STREAM_WRITE);
	CHECK_EQUAL(set_state(fixture, RESUMING, &wanted), 0);
	CHECK_EQUAL(wanted, EMU_STREAM_NONE);
	fixture_free(fixture);
}

static void one_event_for_a_transition(void)
{
	struct fixture *fixture = fixture_new("traits=pre-copy,p2p");

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "state", NULL), 1);
	CHECK_EQUAL(log_count(fixture, "state", "'from':'running','to':'stop-copy','errno':0"),
		    1);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "state", NULL), 1);
	fixture_free(fixture);
}

static void nothing_loaded_is_an_error(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), -EINVAL);
	CHECK_EQUAL(get_state(fixture), ERROR_STATE);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), -EINVAL);
	CHECK_EQUAL(set_state(fixture, ERROR_STATE, NULL), -EINVAL);
	CHECK_EQUAL(read_register(fixture, 0x0c), 6);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(get_state(fixture), RUNNING);
	CHECK_EQUAL(log_count(fixture, "reset", "'state':'error'"), 1);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	fixture_free(fixture);
}

static void reset_ends_sessions(void)
{
	struct fixture *fixture = fixture_new("");
	u8 byte = 0;

	CHECK(fixture);
	CHECK_EQUAL(emu_migration_read(fixture->device, &byte, 1), -ENODEV);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(emu_migration_read(fixture->device, &byte, 1), -ENODEV);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(emu_migration_write(fixture->device, &byte, 1), -ENODEV);
	CHECK_EQUAL(get_state(fixture), RUNNING);
	fixture_free(fixture);
}

static void close_forgets(void)
{
	struct fixture *fixture = fixture_new("fault=state/stop:1:EIO");

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	write_config(fixture, 4, 6, 2);
	fixture->memory[5] = 1;
	emu_device_close(fixture->device);
	CHECK_EQUAL(get_state(fixture), RUNNING);
	CHECK_EQUAL(read_register(fixture, 0x0c), 0);
	CHECK_EQUAL(read_config(fixture, 4, 2), 0);
	CHECK_EQUAL(fixture->memory[5], 0);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), -EIO);
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "paths with pre-copy and P2P", paths_with_everything },
	{ "paths with P2P", paths_with_p2p },
	{ "paths with pre-copy", paths_with_pre_copy },
	{ "paths with stop-copy alone", paths_with_nothing },
	{ "unsupported states", unsupported_states },
	{ "illegal transitions change nothing", illegal_transitions_change_nothing },
	{ "data descriptors", data_descriptors },
	{ "one event for a transition", one_event_for_a_transition },
	{ "nothing loaded is an error", nothing_loaded_is_an_error },
	{ "reset ends sessions", reset_ends_sessions },
	{ "close forgets", close_forgets },
};

TEST_MAIN(tests)
