// SPDX-License-Identifier: GPL-2.0-or-later
/* The BARs: registers, the DMA ring, the device's memory. */
#include "../../abi/content.h"
#include "fixture.h"
#include "ktap.h"

#define BAR2	((u64)2 << EMU_REGION_SHIFT)
#define BAR4	((u64)4 << EMU_REGION_SHIFT)

#define RING_LOW	0x28
#define RING_HIGH	0x2c
#define RING_PAGES	0x30
#define KICK		0x34
#define SELECT		0x38
#define SEQUENCE	0x3c

static bool page_is(const struct fixture *fixture, u32 page, u32 sequence, u32 seed)
{
	const u8 *bytes = fixture->ring + (size_t)page * EMU_PAGE_SIZE;
	u32 words[EMU_PAGE_SIZE / 4];
	u32 i;

	memcpy(words, bytes, sizeof(words));
	if (words[0] != 0x71706467 || words[1] != page || words[2] != sequence || words[3] != seed)
		return false;
	for (i = PAGE_HEADER; i < EMU_PAGE_SIZE / 4; i++)
		if (words[i] != page_word(page_base(page, sequence, seed), i))
			return false;
	return true;
}

static void set_ring(struct fixture *fixture)
{
	write_register(fixture, RING_LOW, (u32)FIXTURE_RING);
	write_register(fixture, RING_HIGH, 0);
	write_register(fixture, RING_PAGES, FIXTURE_RING_PAGES);
}

static bool page_has_no_content(const struct fixture *fixture, u32 page)
{
	const u8 *bytes = fixture->ring + (size_t)page * EMU_PAGE_SIZE;
	u32 i;

	for (i = 0; i < EMU_PAGE_SIZE; i++)
		if (bytes[i])
			return false;
	return true;
}

static u32 sequence_of(struct fixture *fixture, u32 page)
{
	write_register(fixture, SELECT, page);
	return read_register(fixture, SEQUENCE);
}

static void constants(void)
{
	struct fixture *fixture = fixture_new("vectors=12\nseed=77");

	CHECK(fixture);
	CHECK_EQUAL(read_register(fixture, 0), 0x71706574);
	CHECK_EQUAL(read_register(fixture, 0x54), EMU_MEMORY_SIZE);
	CHECK_EQUAL(read_register(fixture, 4), 1);
	CHECK_EQUAL(read_register(fixture, 8), 12);
	CHECK_EQUAL(read_register(fixture, 12), 0);
	CHECK_EQUAL(read_register(fixture, 0x40), 77);
	CHECK_EQUAL(read_register(fixture, 0x3ffc), 0);
	fixture_free(fixture);
}

static void odd_accesses(void)
{
	struct fixture *fixture = fixture_new("");
	u8 bytes[8] = { 0 };

	CHECK(fixture);
	CHECK_EQUAL(emu_read(fixture->device, 0, bytes, 8), 8);
	CHECK_EQUAL(bytes[0], 0x74);
	CHECK_EQUAL(bytes[4], 1);
	CHECK_EQUAL(emu_read(fixture->device, 1, bytes, 2), 2);
	CHECK_EQUAL(bytes[0], 0x65);
	CHECK_EQUAL(bytes[1], 0x70);
	CHECK_EQUAL(emu_read(fixture->device, 0x3ffe, bytes, 8), 2);
	CHECK_EQUAL(emu_read(fixture->device, 0x4000, bytes, 4), -EINVAL);
	CHECK_EQUAL(emu_write(fixture->device, 0x11, bytes, 4), 4);
	CHECK_EQUAL(emu_read(fixture->device, (u64)1 << EMU_REGION_SHIFT, bytes, 4), -EINVAL);
	CHECK_EQUAL(emu_read(fixture->device, (u64)200 << EMU_REGION_SHIFT, bytes, 4), -EINVAL);
	fixture_free(fixture);
}

static void scratch_takes_all_widths(void)
{
	struct fixture *fixture = fixture_new("");
	u64 value = 0x1122334455667788, seen = 0;

	CHECK(fixture);
	CHECK_EQUAL(emu_write(fixture->device, 0x58, &value, 8), 8);
	value = 0xaa;
	CHECK_EQUAL(emu_write(fixture->device, 0x5d, &value, 1), 1);
	value = 0xbbcc;
	CHECK_EQUAL(emu_write(fixture->device, 0x5a, &value, 2), 2);
	CHECK_EQUAL(emu_read(fixture->device, 0x58, &seen, 8), 8);
	CHECK_EQUAL(seen, 0x1122aa44bbcc7788);
	CHECK_EQUAL(read_register(fixture, 0x5c), 0x1122aa44);
	write_register(fixture, 0x44, 1);
	CHECK_EQUAL(read_register(fixture, 0x58), 0);
	fixture_free(fixture);
}

static void dma_ring(void)
{
	struct fixture *fixture = fixture_new("seed=9");

	CHECK(fixture);
	write_register(fixture, KICK, 0);
	CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 0);
	set_ring(fixture);
	write_register(fixture, KICK, 2);
	write_register(fixture, KICK, 2);
	CHECK(page_is(fixture, 2, 2, 9));
	CHECK_EQUAL(sequence_of(fixture, 2), 2);
	CHECK_EQUAL(sequence_of(fixture, 1), 0);
	CHECK_EQUAL(sequence_of(fixture, 64), 0);
	CHECK_EQUAL(log_count(fixture, "dma-write", "'page':2,'sequence':2,'iova':1073750016,"
						    "'errno':0"), 1);
	write_register(fixture, KICK, FIXTURE_RING_PAGES);
	CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 2);
	/* Each fourth write leaves nothing in the page. */
	write_register(fixture, KICK, 2);
	CHECK(page_has_no_content(fixture, 2));
	CHECK_EQUAL(sequence_of(fixture, 2), 3);
	write_register(fixture, KICK, 2);
	CHECK(page_is(fixture, 2, 4, 9));
	fixture_free(fixture);
}

#define PULL		0x4c
#define DIGEST		0x50

static u32 digest_of(const u8 *page)
{
	u32 words[EMU_PAGE_SIZE / 4], digest = 0;
	u32 i;

	memcpy(words, page, sizeof(words));
	for (i = 0; i < EMU_PAGE_SIZE / 4; i++)
		digest = mix(digest ^ words[i]);
	return digest;
}

static void dma_reads(void)
{
	struct fixture *fixture = fixture_new("");
	u8 ones[EMU_PAGE_SIZE];

	CHECK(fixture);
	write_register(fixture, PULL, 0);
	CHECK_EQUAL(log_count(fixture, "dma-read", NULL), 0);
	set_ring(fixture);
	fixture->ring[EMU_PAGE_SIZE + 5] = 77;
	write_register(fixture, PULL, 1);
	CHECK_EQUAL(read_register(fixture, DIGEST), digest_of(fixture->ring + EMU_PAGE_SIZE));
	CHECK_EQUAL(log_count(fixture, "dma-read", "'page':1"), 1);
	CHECK_EQUAL(log_count(fixture, "dma-read", "'errno':0"), 1);
	/* What cannot be read is all ones. */
	memset(ones, 0xff, sizeof(ones));
	write_register(fixture, PULL, EMU_RING_PAGES);
	CHECK_EQUAL(read_register(fixture, DIGEST), digest_of(ones));
	CHECK_EQUAL(log_count(fixture, "dma-read", "'errno':14"), 1);
	write_register(fixture, PULL, EMU_RING_PAGES + 1);
	CHECK_EQUAL(log_count(fixture, "dma-read", NULL), 2);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	write_register(fixture, PULL, 1);
	CHECK_EQUAL(read_register(fixture, DIGEST), digest_of(ones));
	fixture_free(fixture);
}

static void dma_wants_the_bus(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	set_ring(fixture);
	CHECK_EQUAL(read_register(fixture, 0x404) & 0xffff, 6);
	CHECK_EQUAL(write_config(fixture, 4, 2, 2), 2);
	CHECK_EQUAL(read_register(fixture, 0x404) & 0xffff, 2);
	write_register(fixture, KICK, 0);
	write_register(fixture, PULL, 0);
	CHECK_EQUAL(sequence_of(fixture, 0), 0);
	CHECK_EQUAL(log_count(fixture, "dma-write", "'errno':13"), 1);
	CHECK_EQUAL(log_count(fixture, "dma-read", "'errno':13"), 1);
	fixture_free(fixture);
}

static void dma_fails(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	set_ring(fixture);
	write_register(fixture, RING_HIGH, 1);
	write_register(fixture, KICK, 0);
	CHECK_EQUAL(sequence_of(fixture, 0), 0);
	CHECK_EQUAL(log_count(fixture, "dma-write", "'errno':14"), 1);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	write_register(fixture, RING_HIGH, 0);
	write_register(fixture, KICK, 0);
	CHECK_EQUAL(log_count(fixture, "dma-write",
			      "'sequence':0,'iova':1073741824,'errno':1"), 1);
	write_register(fixture, RING_PAGES, 1000);
	CHECK_EQUAL(read_register(fixture, RING_PAGES), EMU_RING_PAGES);
	fixture_free(fixture);
}

static void give_entry(struct fixture *fixture, u32 page, u64 address)
{
	memcpy(fixture->ring + page * sizeof(address), &address, sizeof(address));
}

/* The first page of the fixture's memory is the table. */
static void ring_by_table(void)
{
	struct fixture *fixture = fixture_new("");
	const u64 second = FIXTURE_RING + 2 * EMU_PAGE_SIZE;
	u32 words[3];

	CHECK(fixture);
	set_ring(fixture);
	write_register(fixture, RING_LOW, (u32)FIXTURE_RING | 1);
	CHECK_EQUAL(read_register(fixture, RING_LOW), (u32)FIXTURE_RING | 1);
	give_entry(fixture, 1, second);
	write_register(fixture, KICK, 1);
	CHECK_EQUAL(sequence_of(fixture, 1), 1);
	memcpy(words, fixture->ring + 2 * EMU_PAGE_SIZE, sizeof(words));
	CHECK(words[0] == 0x71706467 && words[1] == 1 && words[2] == 1);
	write_register(fixture, PULL, 1);
	CHECK_EQUAL(log_count(fixture, "dma-read", "'page':1"), 1);
	CHECK_EQUAL(log_count(fixture, "dma-read", "'iova':1073750016,'errno':0"), 1);
	/* An entry that leads nowhere, and a table that is not there. */
	give_entry(fixture, 1, 0x1000);
	write_register(fixture, KICK, 1);
	CHECK_EQUAL(log_count(fixture, "dma-write", "'iova':4096,'errno':14"), 1);
	write_register(fixture, RING_HIGH, 1);
	write_register(fixture, KICK, 1);
	CHECK_EQUAL(log_count(fixture, "dma-write", "'iova':5368709128,'errno':14"), 1);
	CHECK_EQUAL(sequence_of(fixture, 1), 1);
	fixture_free(fixture);
}

static void asleep_writes_nothing_by_itself(void)
{
	struct fixture *fixture = fixture_new("traits=pre-copy,p2p");
	u32 i;

	CHECK(fixture);
	set_ring(fixture);
	write_config(fixture, 0x74, 0x3, 2);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	for (i = 0; i < 9; i++)
		emu_before_dirty_report(fixture->device);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	write_config(fixture, 0x74, 0, 2);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 1);
	fixture_free(fixture);
}

static void writes_before_dirty_reports(void)
{
	struct fixture *fixture = fixture_new("traits=pre-copy,p2p");
	u32 i;

	CHECK(fixture);
	emu_before_dirty_report(fixture->device);
	set_ring(fixture);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	/* Pages 0 and 2 again and again, page 1 once, page 3 never. */
	for (i = 0; i < 9; i++)
		emu_before_dirty_report(fixture->device);
	CHECK_EQUAL(sequence_of(fixture, 0) + sequence_of(fixture, 2), 8);
	CHECK(sequence_of(fixture, 0) >= 3 && sequence_of(fixture, 2) >= 3);
	CHECK_EQUAL(sequence_of(fixture, 1), 1);
	CHECK_EQUAL(sequence_of(fixture, 3), 0);
	/* Page 0 when it stops running, none after that. */
	log_clear(fixture);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 1);
	CHECK_EQUAL(log_count(fixture, "dma-write", "'page':0"), 1);
	emu_before_dirty_report(fixture->device);
	CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 1);
	CHECK(emu_reports_dirty_pages(fixture->device));
	fixture_free(fixture);
	fixture = fixture_new("dirty-report=drop");
	CHECK(fixture && !emu_reports_dirty_pages(fixture->device));
	fixture_free(fixture);
}

static void is_quiet_at_first(void)
{
	struct fixture *fixture = fixture_new("traits=pre-copy,p2p\nquiet-reports=3");
	u32 i, migration;

	CHECK(fixture);
	set_ring(fixture);
	for (migration = 0; migration < 2; migration++) {
		log_clear(fixture);
		CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
		for (i = 0; i < 3; i++)
			emu_before_dirty_report(fixture->device);
		CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 0);
		emu_before_dirty_report(fixture->device);
		CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 1);
		CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
		CHECK_EQUAL(log_count(fixture, "dma-write", NULL), 2);
		CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	}
	fixture_free(fixture);
}

static void memory(void)
{
	struct fixture *fixture = fixture_new("");
	u32 value = 0x01020304;

	CHECK(fixture);
	CHECK_EQUAL(emu_write(fixture->device, BAR2 + 0xfffc, &value, 4), 4);
	CHECK_EQUAL(emu_write(fixture->device, BAR2, &value, 4), 4);
	CHECK_EQUAL(fixture->memory[0xfffc], 4);
	CHECK_EQUAL(read_register(fixture, 0x48), 0x02040608);
	value = 0;
	CHECK_EQUAL(emu_read(fixture->device, BAR2 + 0xfffd, &value, 4), 3);
	CHECK_EQUAL(value, 0x010203);
	CHECK_EQUAL(emu_write(fixture->device, BAR2 + 0x10000, &value, 4), -EINVAL);
	fixture_free(fixture);
}

static void msix_table_is_hidden(void)
{
	struct fixture *fixture = fixture_new("vectors=2");
	u32 value = 0;

	CHECK(fixture);
	CHECK_EQUAL(emu_write(fixture->device, BAR4, &value, 4), 4);
	CHECK_EQUAL(emu_read(fixture->device, BAR4 + 28, &value, 4), 4);
	CHECK_EQUAL(value, 0xffffffff);
	CHECK_EQUAL(emu_read(fixture->device, BAR4 + 32, &value, 4), 4);
	CHECK_EQUAL(value, 0);
	CHECK_EQUAL(emu_read(fixture->device, BAR4 + 0x8000, &value, 4), 4);
	CHECK_EQUAL(value, 0);
	fixture_free(fixture);
}

static void reset_by_register(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	set_ring(fixture);
	write_register(fixture, KICK, 1);
	write_register(fixture, 0x10, 1);
	write_config(fixture, 4, 6, 2);
	fixture->memory[9] = 9;
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	write_register(fixture, 0x44, 1);
	CHECK_EQUAL(get_state(fixture), PRE_COPY);
	CHECK_EQUAL(read_register(fixture, RING_PAGES), 0);
	CHECK_EQUAL(read_register(fixture, 0x1c), 0);
	CHECK_EQUAL(read_register(fixture, 0x48), 0);
	CHECK_EQUAL(read_config(fixture, 4, 2), 0);
	CHECK_EQUAL(log_count(fixture, "reset", "'state':'pre-copy','cause':'guest'"), 1);
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "constants", constants },
	{ "odd accesses", odd_accesses },
	{ "scratch takes all widths", scratch_takes_all_widths },
	{ "DMA ring", dma_ring },
	{ "DMA reads", dma_reads },
	{ "DMA wants the bus", dma_wants_the_bus },
	{ "DMA fails", dma_fails },
	{ "ring by a table", ring_by_table },
	{ "asleep, it writes nothing by itself", asleep_writes_nothing_by_itself },
	{ "writes before dirty reports", writes_before_dirty_reports },
	{ "is quiet at first", is_quiet_at_first },
	{ "memory", memory },
	{ "MSI-X table is hidden", msix_table_is_hidden },
	{ "reset by register", reset_by_register },
};

TEST_MAIN(tests)
