// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults on demand. */
#include "fixture.h"
#include "ktap.h"

static u8 stream[1 << 20];

static void states(void)
{
	struct fixture *fixture = fixture_new("fault=state/stop-copy:2:EBUSY\n"
					      "fault=state/resuming:1:EIO");

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), -EBUSY);
	CHECK_EQUAL(get_state(fixture), STOP);
	CHECK_EQUAL(log_count(fixture, "fault", "'operation':'state','to':'stop-copy','nth':2,"
						"'result':'EBUSY'"), 1);
	CHECK_EQUAL(log_count(fixture, "state", "'errno':16"), 1);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), -EIO);
	CHECK_EQUAL(get_state(fixture), STOP_COPY);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	fixture_free(fixture);
}

static void reads(void)
{
	struct fixture *fixture = fixture_new("fault=data-read/stop-copy:1:EIO\n"
					      "fault=data-read:2:short");

	CHECK(fixture);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 100), 100);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 100), 50);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 100), -EIO);
	CHECK_EQUAL(log_count(fixture, "data-read", "'bytes':0,'phase':'stop-copy','total':150,"
						    "'errno':5"), 1);
	CHECK_EQUAL(emu_migration_read(fixture->device, stream, 100), 100);
	fixture_free(fixture);
}

static s64 make_stream(void)
{
	struct fixture *source = fixture_new("");
	s64 bytes;

	if (!source || set_state(source, STOP_COPY, NULL))
		return -1;
	bytes = read_all(source, stream, sizeof(stream), sizeof(stream));
	fixture_free(source);
	return bytes;
}

static void writes(void)
{
	struct fixture *fixture = fixture_new("fault=data-write:1:ENOSPC\n"
					      "fault=data-write:2:short");
	s64 bytes = make_stream();

	CHECK(fixture && bytes > 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(emu_migration_write(fixture->device, stream, 1000), -ENOSPC);
	CHECK_EQUAL(emu_migration_write(fixture->device, stream, 1000), 500);
	CHECK_EQUAL(write_all(fixture, stream + 500, (u64)bytes - 500, 0), bytes - 500);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	fixture_free(fixture);
}

/* In writes of all sizes: the device accepts the data and sets a bit in STATUS. */
static void flipped_bit(void)
{
	static const u64 pieces[] = { 0, 1, 15, 16, 17, 48, 50000 };
	s64 bytes = make_stream();
	u32 i;

	CHECK(bytes > 0);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct fixture *fixture = fixture_new("fault=state-byte:1:flip");

		CHECK(fixture);
		CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
		CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, pieces[i]), bytes);
		CHECK_EQUAL(log_count(fixture, "fault", "'operation':'state-byte','nth':1,"
							"'result':'flip'"), 1);
		CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
		CHECK_EQUAL(read_register(fixture, 0x0c), 6);
		fixture_free(fixture);
	}
}

/* Writes that have nothing to invert (here all that come first) do not count. */
static void flipped_bit_in_memory(void)
{
	struct fixture *source = fixture_new("traits=\nstop-copy-bytes=0");
	struct fixture *fixture = fixture_new("stop-copy-bytes=0\nfault=state-byte:1:flip");
	s64 bytes;
	u32 i;

	CHECK(source && fixture);
	CHECK_EQUAL(set_state(source, STOP_COPY, NULL), 0);
	bytes = read_all(source, stream, sizeof(stream), sizeof(stream));
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 40), bytes);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(read_register(fixture, 0x0c), 6);
	CHECK_EQUAL(fixture->memory[0], 1);
	for (i = 1; i < EMU_MEMORY_SIZE; i++)
		CHECK_EQUAL(fixture->memory[i], 0);
	fixture_free(source);
	fixture_free(fixture);
}

static void set_irqs_on_the_destination(void)
{
	struct fixture *fixture = fixture_new("fault=set-irqs/destination:1:ENOMEM\n"
					      "fault=set-irqs:2:EBUSY");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 0), 0);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 1), -EBUSY);
	CHECK_EQUAL(fixture->eventfds[0].users, 1);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	/* As QEMU switches from INTx to MSI-X; ERR is not one of the device's interrupts. */
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | MASK, 0, 1), 0);
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | TRIGGER, 0, 0), 0);
	CHECK_EQUAL(set_eventfds(fixture, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, 9), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, -1), 0);
	CHECK_EQUAL(log_count(fixture, "fault", "'nth':1"), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 1), -ENOMEM);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 1), 0);
	CHECK_EQUAL(log_count(fixture, "set-irqs", "'enabled':0,'state':'resuming','errno':12"),
		    1);
	fixture_free(fixture);
}

static void set_irqs_after_resuming(void)
{
	struct fixture *fixture = fixture_new("fault=set-irqs/destination:2:EIO");
	s64 bytes = make_stream();

	CHECK(fixture && bytes > 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 1), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 1), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 1), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 1), -EIO);
	fixture_free(fixture);
}

static void config_and_reset(void)
{
	/* The fixture's own write is the first. */
	struct fixture *fixture = fixture_new("fault=config-write:3:EIO\nfault=config-read:1:EIO\n"
					      "fault=reset:1:EBUSY");
	u32 value;

	CHECK(fixture);
	CHECK_EQUAL(emu_read(fixture->device, (u64)7 << EMU_REGION_SHIFT, &value, 4), -EIO);
	CHECK_EQUAL(write_config(fixture, 4, 2, 2), 2);
	CHECK_EQUAL(write_config(fixture, 4, 4, 2), -EIO);
	CHECK_EQUAL(read_config(fixture, 4, 2), 2);
	CHECK_EQUAL(log_count(fixture, "config-write", "'errno':5"), 1);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(emu_reset(fixture->device), -EBUSY);
	CHECK_EQUAL(get_state(fixture), STOP);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	fixture_free(fixture);
}

static void swallowed(void)
{
	struct fixture *fixture = fixture_new("vectors=8\nfault=raise:2:swallow");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	write_register(fixture, 0x10, 1);
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 1);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'sequence':2,'cause':'guest','sent':false,"
						    "'reason':'swallowed'"), 1);
	CHECK_EQUAL(log_count(fixture, "irq-swallow", "'vector':1"), 1);
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 2);
	fixture_free(fixture);
}

/* Of a device that has stopped, too; a host that cannot wait signals at once. */
static void late(void)
{
	struct fixture *fixture = fixture_new("vectors=8\nfault=raise:2:late");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 0);
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 1);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'sequence':2,'cause':'guest','sent':true"), 1);
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "states", states },
	{ "data reads", reads },
	{ "data writes", writes },
	{ "flipped bit", flipped_bit },
	{ "flipped bit in memory", flipped_bit_in_memory },
	{ "SET_IRQS on the destination", set_irqs_on_the_destination },
	{ "SET_IRQS after RESUMING", set_irqs_after_resuming },
	{ "config space and reset", config_and_reset },
	{ "swallowed interrupt", swallowed },
	{ "late interrupt", late },
};

TEST_MAIN(tests)
