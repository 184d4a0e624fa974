// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random uses of the device model: fuzz SECONDS [SEED].  Each sequence of calls
 * has a seed of its own, counted up from the first; SECONDS 0 runs only one.
 * After any call the device is in a defined state, a call that must fail has
 * changed nothing, and a running device can be migrated.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fuzz.h"

#define CALLS		200	/* at most, in one sequence */

void fail(const struct fuzz *fuzz, const char *what)
{
	printf("not ok: %s\n# seed %lu, settings:\n%s\n", what, fuzz->seed, fuzz->settings);
	printf("# the end of the log:\n");
	if (fuzz->fixture) {
		u32 length = fuzz->fixture->log_length;

		printf("%s", fuzz->fixture->log + (length > 2000 ? length - 2000 : 0));
	}
	fflush(stdout);
	abort();
}

u32 pick(struct fuzz *fuzz, u32 below)
{
	fuzz->random ^= fuzz->random << 13;
	fuzz->random ^= fuzz->random >> 7;
	fuzz->random ^= fuzz->random << 17;
	return (u32)(fuzz->random >> 16) % below;
}

bool is_v1(const struct fuzz *fuzz)
{
	return fuzz->fixture->profile.protocol == EMU_PROTOCOL_V1;
}

static void add_setting(struct fuzz *fuzz, const char *format, ...)
{
	size_t length = strlen(fuzz->settings);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fuzz->settings + length, sizeof(fuzz->settings) - length, format, arguments);
	va_end(arguments);
}

static void choose_settings(struct fuzz *fuzz)
{
	static const char * const traits[] = { "", "pre-copy", "p2p", "pre-copy,p2p" };
	static const char * const requires[] = { "none", "none", "config", "config-any", "irqs" };
	static const char * const faults[] = {
		"state/stop:1:EIO", "state:3:EBUSY", "data-read:2:short", "data-read:1:EIO",
		"data-write:2:short", "data-write:3:ENOSPC", "set-irqs:2:ENOMEM", "reset:1:EIO",
		"state-byte:2:flip", "raise:1:swallow", "config-write:4:EIO", "config-read:4:EIO",
		"state-byte:1:flip", "set-irqs/destination:1:EIO",
	};
	u32 count = pick(fuzz, 2) ? pick(fuzz, 4) : 0;

	fuzz->settings[0] = '\0';
	add_setting(fuzz, "protocol=v%u\nseed=%u\n", 1 + pick(fuzz, 2), pick(fuzz, 1000));
	add_setting(fuzz, "vectors=%u\n", pick(fuzz, 8) ? 1 + pick(fuzz, 40) : 2048);
	add_setting(fuzz, "msi-vectors=%u\n", 1u << pick(fuzz, 6));
	add_setting(fuzz, "interrupt-pin=%u\n", pick(fuzz, 2));
	add_setting(fuzz, "traits=%s\n", traits[pick(fuzz, 4)]);
	add_setting(fuzz, "require=%s\n", requires[pick(fuzz, 5)]);
	add_setting(fuzz, "pre-copy-bytes=%u\n", pick(fuzz, 3) * pick(fuzz, 50000));
	add_setting(fuzz, "stop-copy-bytes=%u\n", pick(fuzz, 3) * pick(fuzz, 50000));
	add_setting(fuzz, "region-mmap=%s\n", pick(fuzz, 2) ? "on" : "off");
	add_setting(fuzz, "self-contained=%s\n", pick(fuzz, 2) ? "on" : "off");
	add_setting(fuzz, "raise=set-irqs,running,running-p2p\nstop-copy-pause=1");
	while (count--)
		add_setting(fuzz, "\nfault=%s", faults[pick(fuzz, ARRAY_SIZE(faults))]);
}

static void check_invariants(struct fuzz *fuzz)
{
	u32 state = (u32)emu_state(fuzz->fixture->device);
	const char *line = fuzz->fixture->log;
	u32 quotes = 0;

	if (!exists(fuzz, state) && !(state == ERROR_STATE && !is_v1(fuzz)))
		fail(fuzz, "a state that this device has not");
	for (; *line; line++) {
		quotes += *line == '"';
		if (*line == '\n' && quotes % 2)
			fail(fuzz, "a cut line in the log");
	}
}

/* From any state in which it runs, a device without faults and rules can be migrated. */
static void migrate_away(struct fuzz *fuzz)
{
	struct fixture *source = fuzz->fixture;
	struct fixture *destination;
	static u8 buffer[1 << 17];
	u32 state = (u32)emu_state(source->device);
	s64 bytes;

	if (is_v1(fuzz) || source->profile.fault_count || source->profile.require)
		return;
	if (state == ERROR_STATE || state == RESUMING || state == STOP_COPY)
		return;
	destination = fixture_new(fuzz->settings);
	if (!destination || set_state(destination, RESUMING, NULL))
		fail(fuzz, "no destination");
	/* Part of an open session's data has been read already: begin a new session. */
	if (set_state(source, STOP, NULL) || set_state(source, STOP_COPY, NULL))
		fail(fuzz, "no source");
	do {
		bytes = emu_migration_read(source->device, buffer, 1 + pick(fuzz, sizeof(buffer)));
		if (bytes < 0)
			fail(fuzz, "reading the state failed");
		if (write_all(destination, buffer, (u64)bytes, 1 + pick(fuzz, 70000)) != bytes)
			fail(fuzz, "the state was not taken");
	} while (bytes);
	if (set_state(destination, RUNNING, NULL))
		fail(fuzz, "the destination does not run");
	if (memcmp(source->memory, destination->memory, EMU_MEMORY_SIZE))
		fail(fuzz, "memory differs");
	if (read_register(source, 0x30) != read_register(destination, 0x30))
		fail(fuzz, "registers differ");
	fixture_free(destination);
	fuzz->migrations++;
}

static void check_closed(struct fuzz *fuzz)
{
	u32 i;

	emu_device_close(fuzz->fixture->device);
	if (emu_state(fuzz->fixture->device) != (enum vfio_device_mig_state)RUNNING)
		fail(fuzz, "a closed device is not as new");
	for (i = 0; i < FIXTURE_FDS; i++)
		if (fuzz->fixture->eventfds[i].users)
			fail(fuzz, "an eventfd was not put");
}

static void run_sequence(struct fuzz *fuzz, unsigned long seed)
{
	u32 count;

	fuzz->seed = seed;
	fuzz->random = seed * 0x9e3779b97f4a7c15ull + 1;
	fuzz->stream_bytes = 0;
	for (count = 0; count < 8; count++)
		pick(fuzz, 2);
	choose_settings(fuzz);
	fuzz->fixture = fixture_new(fuzz->settings);
	if (!fuzz->fixture)
		fail(fuzz, "the settings were refused");
	for (count = 1 + pick(fuzz, CALLS); count; count--) {
		make_call(fuzz);
		check_invariants(fuzz);
		if (fuzz->fixture->log_length > 4096)
			log_clear(fuzz->fixture);
		fuzz->calls++;
	}
	migrate_away(fuzz);
	check_closed(fuzz);
	fixture_free(fuzz->fixture);
	fuzz->fixture = NULL;
}

int main(int argc, char **argv)
{
	static struct fuzz fuzz;
	unsigned long seconds = argc > 1 ? strtoul(argv[1], NULL, 0) : 10;
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned long)time(NULL);
	time_t end = time(NULL) + (time_t)seconds;
	unsigned long seed = first;

	printf("# fuzz: first seed %lu, %lu s\n", first, seconds);
	fflush(stdout);
	do {
		run_sequence(&fuzz, seed++);
	} while (time(NULL) < end);
	printf("ok fuzz: %lu sequences, %llu calls, %llu migrations, seeds %lu..%lu\n",
	       seed - first, (unsigned long long)fuzz.calls,
	       (unsigned long long)fuzz.migrations, first, seed - 1);
	return 0;
}
