// SPDX-License-Identifier: GPL-2.0-or-later
/* The migration stream: whole migrations, in pieces of all sizes, and broken ones. */
#include <stdlib.h>
#include <time.h>

#include "fixture.h"
#include "ktap.h"

#define STREAM_SIZE	(8 << 20)

static u8 stream[STREAM_SIZE];

/* A device with something in every part of its state. */
static struct fixture *used_device(const char *settings)
{
	struct fixture *fixture = fixture_new(settings);
	u32 i;

	if (!fixture || set_eventfds(fixture, MSIX, 0, 8, 0))
		return NULL;
	for (i = 0; i < EMU_MEMORY_SIZE; i++)
		fixture->memory[i] = (u8)(i * 7);
	write_config(fixture, 0x74, 0x0b08, 2);		/* of power management, then of PCI Express */
	write_config(fixture, 0x88, 0x5830, 2);
	write_config(fixture, 0xa8, 0x0006, 2);
	write_register(fixture, 0x28, (u32)FIXTURE_RING);
	write_register(fixture, 0x30, FIXTURE_RING_PAGES);
	write_register(fixture, 0x34, 1);
	write_register(fixture, 0x34, 1);
	write_register(fixture, 0x10, 3);
	write_register(fixture, 0x10, 4);
	write_register(fixture, 0x14, 4);
	write_register(fixture, 0x14, 4);
	write_register(fixture, 0x58, 0x11223344);
	write_register(fixture, 0x5c, 0x55667788);
	return fixture;
}

static bool same_state(struct fixture *a, struct fixture *b)
{
	u32 offset;

	for (offset = 0x1c; offset < 0x44; offset += 4)
		if (offset != 0x34 && read_register(a, offset) != read_register(b, offset))
			return false;
	if (read_register(a, 0x58) != read_register(b, 0x58) ||
	    read_register(a, 0x5c) != read_register(b, 0x5c))
		return false;
	if (read_register(a, 0x100) != read_register(b, 0x100))
		return false;
	for (offset = 0x70; offset < EMU_CONFIG_SIZE; offset += 4)
		if (read_config(a, offset, 4) != read_config(b, offset, 4))
			return false;
	write_register(a, 0x38, 1);
	write_register(b, 0x38, 1);
	return read_register(a, 0x3c) == read_register(b, 0x3c) &&
	       !memcmp(a->memory, b->memory, EMU_MEMORY_SIZE);
}

/* Source to destination: pre-copy, then stop-copy, read and written in pieces. */
static s64 save_device(struct fixture *source, u64 piece)
{
	s64 before = 0, after;

	if (source->profile.pre_copy) {
		if (set_state(source, PRE_COPY, NULL))
			return -1;
		before = read_all(source, stream, STREAM_SIZE, piece);
		if (before <= 0 || emu_migration_read(source->device, stream, 1) != -ENOMSG)
			return -1;
	}
	if (set_state(source, STOP_COPY, NULL))
		return -1;
	after = read_all(source, stream + before, (u64)(STREAM_SIZE - before), piece);
	return after < 0 ? after : before + after;
}

static bool migrates(const char *settings, u64 read_piece, u64 write_piece)
{
	struct fixture *source = used_device(settings);
	struct fixture *destination = fixture_new(settings);
	bool good = false;
	s64 bytes;

	if (!source || !destination)
		return false;
	bytes = save_device(source, read_piece);
	if (bytes > 0 && !set_state(destination, RESUMING, NULL) &&
	    write_all(destination, stream, (u64)bytes, write_piece) == bytes &&
	    !set_state(destination, RUNNING, NULL))
		good = same_state(source, destination) && read_register(destination, 0x0c) == 5;
	fixture_free(source);
	fixture_free(destination);
	return good;
}

static void whole_migrations(void)
{
	CHECK(migrates("traits=pre-copy,p2p", 1 << 20, 1 << 20));
	CHECK(migrates("traits=", 1 << 20, 1 << 20));
	CHECK(migrates("traits=pre-copy\npre-copy-bytes=0\nstop-copy-bytes=0", 1 << 20, 1 << 20));
	CHECK(migrates("self-contained=on", 1 << 20, 1 << 20));
	CHECK(migrates("vectors=2048\nmsi-vectors=32", 1 << 20, 1 << 20));
	CHECK(migrates("pre-copy-bytes=3000001\nstop-copy-bytes=2000003", 1 << 20, 1 << 20));
}

static void pieces(void)
{
	static const u64 sizes[] = { 1, 2, 3, 7, 15, 16, 17, 61, 4095, 65537 };
	const char *settings = "vectors=9\npre-copy-bytes=1030\nstop-copy-bytes=77\n"
			       "self-contained=on";
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		CHECK(migrates(settings, sizes[i], 1 << 20));
		CHECK(migrates(settings, 1 << 20, sizes[i]));
		CHECK(migrates(settings, sizes[i], sizes[9 - i]));
	}
}

static void early_end_of_pre_copy(void)
{
	struct fixture *source = used_device("pre-copy-bytes=3000000");
	struct fixture *destination = fixture_new("pre-copy-bytes=3000000");
	s64 bytes;

	CHECK(source && destination);
	CHECK_EQUAL(set_state(source, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_migration_read(source->device, stream, 5000), 5000);
	CHECK_EQUAL(set_state(source, STOP_COPY, NULL), 0);
	bytes = read_all(source, stream + 5000, STREAM_SIZE - 5000, 100000);
	CHECK(bytes > 3000000);
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes + 5000, 0), bytes + 5000);
	CHECK_EQUAL(set_state(destination, RUNNING, NULL), 0);
	CHECK(same_state(source, destination));
	fixture_free(source);
	fixture_free(destination);
}

static void cancel_and_again(void)
{
	struct fixture *source = used_device("");
	struct fixture *destination = fixture_new("");
	s64 bytes;

	CHECK(source && destination);
	CHECK_EQUAL(set_state(source, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_migration_read(source->device, stream, 5000), 5000);
	CHECK_EQUAL(set_state(source, RUNNING, NULL), 0);
	CHECK_EQUAL(emu_migration_read(source->device, stream, 1), -ENODEV);
	bytes = save_device(source, 50000);
	CHECK(bytes > 0);
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_state(destination, STOP, NULL), 0);
	CHECK_EQUAL(set_state(destination, RUNNING, NULL), 0);
	CHECK(same_state(source, destination));
	fixture_free(source);
	fixture_free(destination);
}

static u32 word_at(s64 position)
{
	u32 word;

	memcpy(&word, stream + position, 4);
	return word;
}

/*
 * The form: headers, and all but the seed of the first chunk.  `chunk` is where
 * the one with the byte at `position` begins, or the one before: it moves on.
 */
static bool is_form(s64 position, s64 *chunk)
{
	while (position >= *chunk + 16 + word_at(*chunk + 12))
		*chunk += 16 + word_at(*chunk + 12);
	if (position < *chunk + 16)
		return true;
	return !*chunk && (position < 20 || position >= 24);
}

/* A wrong byte at any position: an error in a header, in content a bit of STATUS. */
static void any_wrong_byte(void)
{
	const char *settings = "vectors=8\npre-copy-bytes=5000\nstop-copy-bytes=5000\n"
			       "self-contained=on";
	struct fixture *source = used_device(settings);
	struct fixture *destination = fixture_new(settings);
	s64 bytes, i, chunk = 0;

	CHECK(source && destination);
	destination->log_off = true;
	bytes = save_device(source, 50000);
	CHECK(bytes > 0);
	for (i = 0; i < bytes; i += i < 12000 || i > bytes - 30 ? 1 : 7) {
		bool form = is_form(i, &chunk);

		CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
		stream[i] ^= (u8)(1 << i % 8);
		CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), form ? -EINVAL : bytes);
		stream[i] ^= (u8)(1 << i % 8);
		CHECK_EQUAL(set_state(destination, RUNNING, NULL), form ? -EINVAL : 0);
		CHECK_EQUAL(read_register(destination, 0x0c), 6);
		CHECK_EQUAL(emu_reset(destination->device), 0);
	}
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_state(destination, RUNNING, NULL), 0);
	CHECK_EQUAL(read_register(destination, 0x0c), 5);
	fixture_free(source);
	fixture_free(destination);
}

/* Also a ring address that is not page-aligned, which a device must align. */
static void wrong_ring(void)
{
	struct fixture *source = used_device("");
	struct fixture *destination = fixture_new("");
	s64 bytes, chunk = 0;

	CHECK(source && destination);
	bytes = save_device(source, 50000);
	while (word_at(chunk) != 0x71700005)
		chunk += 16 + word_at(chunk + 12);
	stream[chunk + 16] ^= 2;
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(read_register(destination, 0x28), (u32)FIXTURE_RING);
	fixture_free(source);
	fixture_free(destination);
}

static void truncated(void)
{
	struct fixture *source = used_device("");
	struct fixture *destination = fixture_new("");
	s64 bytes, i;

	CHECK(source && destination);
	bytes = save_device(source, 50000);
	for (i = 0; i < bytes; i += 9973) {
		CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
		CHECK_EQUAL(write_all(destination, stream, (u64)i, 0), i);
		CHECK_EQUAL(set_state(destination, STOP, NULL), -EINVAL);
		CHECK_EQUAL(emu_reset(destination->device), 0);
	}
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes - 1, 0), bytes - 1);
	CHECK_EQUAL(set_state(destination, STOP, NULL), -EINVAL);
	fixture_free(source);
	fixture_free(destination);
}

static void more_than_the_end(void)
{
	struct fixture *source = used_device("");
	struct fixture *destination = fixture_new("");
	s64 bytes;

	CHECK(source && destination);
	bytes = save_device(source, 50000);
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(write_all(destination, stream, 16, 0), -EINVAL);
	CHECK_EQUAL(set_state(destination, STOP, NULL), -EINVAL);
	fixture_free(source);
	fixture_free(destination);
}

static u64 checksum_of(const u8 *bytes, u64 count)
{
	u64 checksum = 0xcbf29ce484222325ull;

	while (count--)
		checksum = (checksum ^ *bytes++) * 0x100000001b3ull;
	return checksum;
}

/* Valid, but without the bulk data that its first chunk announces. */
static void promised_data_missing(void)
{
	const char *settings = "traits=\nstop-copy-bytes=0";
	struct fixture *source = used_device(settings);
	struct fixture *destination = fixture_new(settings);
	u64 checksum;
	s64 bytes;

	CHECK(source && destination);
	bytes = save_device(source, 50000);
	CHECK(bytes > 0);
	checksum = checksum_of(stream, (u64)bytes - 8);
	CHECK(!memcmp(stream + bytes - 8, &checksum, 8));
	stream[16 + 24] = 5;
	checksum = checksum_of(stream, (u64)bytes - 8);
	memcpy(stream + bytes - 8, &checksum, 8);
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), -EINVAL);
	CHECK_EQUAL(set_state(destination, STOP, NULL), -EINVAL);
	fixture_free(source);
	fixture_free(destination);
}

static void another_device(void)
{
	struct fixture *source = used_device("vectors=16");
	struct fixture *destination = fixture_new("vectors=8");
	s64 bytes;

	CHECK(source && destination);
	bytes = save_device(source, 50000);
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), -EINVAL);
	fixture_free(source);
	fixture_free(destination);
}

static void seed_travels(void)
{
	struct fixture *source = used_device("seed=5");
	struct fixture *destination = fixture_new("seed=6");
	s64 bytes;

	CHECK(source && destination);
	bytes = save_device(source, 50000);
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(destination, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_state(destination, RUNNING, NULL), 0);
	CHECK_EQUAL(read_register(destination, 0x40), 5);
	fixture_free(source);
	fixture_free(destination);
}

static void data_events(void)
{
	struct fixture *source = used_device("stop-copy-pause=100\ntraits=");
	s64 bytes;

	CHECK(source);
	CHECK_EQUAL(set_state(source, STOP_COPY, NULL), 0);
	CHECK_EQUAL(emu_migration_read(source->device, stream, 1000), 1000);
	CHECK_EQUAL(source->paused_ms, 0);
	CHECK_EQUAL(log_count(source, "data-read", "'bytes':1000,'phase':'stop-copy',"
						   "'total':1000,'errno':0"), 1);
	CHECK_EQUAL(emu_migration_read(source->device, stream, 1000), 1000);
	CHECK_EQUAL(source->paused_ms, 100);
	bytes = read_all(source, stream, STREAM_SIZE, 1000);
	CHECK(bytes > 0);
	CHECK_EQUAL(source->paused_ms, 100);
	CHECK_EQUAL(log_count(source, "pause", "'ms':100"), 1);
	CHECK_EQUAL(log_count(source, "data-read", "'bytes':0,"), 1);
	fixture_free(source);
}

static void big_bulk_is_fast(void)
{
	static u8 piece[1 << 20];
	struct fixture *source = fixture_new("stop-copy-bytes=536870912");
	struct fixture *destination = fixture_new("stop-copy-bytes=536870912");
	clock_t start = clock();
	u64 total = 0;
	s64 bytes;

	CHECK(source && destination);
	CHECK_EQUAL(set_state(source, STOP_COPY, NULL), 0);
	CHECK_EQUAL(set_state(destination, RESUMING, NULL), 0);
	while ((bytes = emu_migration_read(source->device, piece, sizeof(piece))) > 0) {
		CHECK_EQUAL(emu_migration_write(destination->device, piece, (u64)bytes), bytes);
		total += (u64)bytes;
	}
	CHECK_EQUAL(bytes, 0);
	CHECK(total > 536870912);
	CHECK_EQUAL(set_state(destination, RUNNING, NULL), 0);
	printf("# %llu MiB saved and loaded in %ld ms\n", (unsigned long long)(total >> 20),
	       (long)((clock() - start) / (CLOCKS_PER_SEC / 1000)));
	fixture_free(source);
	fixture_free(destination);
}

static const struct test tests[] = {
	{ "whole migrations", whole_migrations },
	{ "pieces of all sizes", pieces },
	{ "early end of pre-copy", early_end_of_pre_copy },
	{ "cancelled, and again", cancel_and_again },
	{ "any wrong byte is noticed", any_wrong_byte },
	{ "wrong address of the ring", wrong_ring },
	{ "truncated", truncated },
	{ "more than the end", more_than_the_end },
	{ "promised data missing", promised_data_missing },
	{ "stream of another device", another_device },
	{ "seed travels", seed_travels },
	{ "data events, pause in the second read", data_events },
	{ "512 MiB of bulk data", big_bulk_is_fast },
};

TEST_MAIN(tests)
