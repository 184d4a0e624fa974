// SPDX-License-Identifier: GPL-2.0-or-later
/* Raising and answering interrupts, and when a destination raises one by itself. */
#include "fixture.h"
#include "ktap.h"

#define RAISE	0x10
#define ACK	0x14
#define INTX_REGISTER	0x18
#define RAISED	0x1c
#define ACKED	0x20
#define SPURIOUS	0x24
#define PENDING	0x100

static void message(void)
{
	struct fixture *fixture = fixture_new("vectors=64");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 64, 0), 0);
	write_register(fixture, RAISE, 40);
	write_register(fixture, RAISE, 40);
	CHECK_EQUAL(fixture->eventfds[40].signals, 2);
	CHECK_EQUAL(read_register(fixture, RAISED), 2);
	CHECK_EQUAL(read_register(fixture, PENDING + 4), 1 << 8);
	write_register(fixture, ACK, 40);
	CHECK_EQUAL(read_register(fixture, PENDING + 4), 0);
	CHECK_EQUAL(read_register(fixture, SPURIOUS), 0);
	CHECK_EQUAL(log_count(fixture, "irq-ack", "'index':'msix','vector':40,'sequence':2,"
						  "'spurious':false"), 1);
	write_register(fixture, ACK, 40);
	CHECK_EQUAL(read_register(fixture, ACKED), 2);
	CHECK_EQUAL(read_register(fixture, SPURIOUS), 1);
	CHECK_EQUAL(log_count(fixture, "irq-ack", "'spurious':true"), 1);
	write_register(fixture, RAISE, 64);
	write_register(fixture, ACK, 0xffffffff);
	CHECK_EQUAL(read_register(fixture, RAISED), 2);
	fixture_free(fixture);
}

/* How often `event` was in the log when `eventfd` was signalled. */
static u32 logged_before_signal(struct fixture *fixture, u32 eventfd, const char *event)
{
	fixture->log[fixture->eventfds[eventfd].log_length] = '\0';
	return log_count(fixture, event, NULL);
}

static void log_comes_first(void)
{
	struct fixture *message = fixture_new("vectors=8");
	struct fixture *level = fixture_new("");

	CHECK(message && level);
	CHECK_EQUAL(set_eventfds(message, MSIX, 0, 8, 0), 0);
	write_register(message, RAISE, 3);
	CHECK_EQUAL(logged_before_signal(message, 3, "irq-raise"), 1);
	CHECK_EQUAL(set_eventfds(level, INTX, 0, 1, 0), 0);
	write_register(level, RAISE, 0);
	CHECK_EQUAL(logged_before_signal(level, 0, "irq-raise"), 1);
	CHECK_EQUAL(set_irqs(level, INTX, DATA_NONE | UNMASK, 0, 1), 0);
	CHECK_EQUAL(logged_before_signal(level, 0, "irq-resend"), 1);
	fixture_free(message);
	fixture_free(level);
}

static void nobody_listens(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	write_register(fixture, RAISE, 3);
	CHECK_EQUAL(log_count(fixture, "irq-raise",
			      "'index':'msix','vector':3,'sequence':1,'cause':'guest',"
			      "'sent':false,'reason':'no-trigger'"), 1);
	CHECK_EQUAL(read_register(fixture, PENDING), 1 << 3);
	fixture_free(fixture);
}

static void level(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 0), 0);
	write_register(fixture, RAISE, 5);
	write_register(fixture, RAISE, 5);
	CHECK_EQUAL(fixture->eventfds[0].signals, 1);
	CHECK_EQUAL(read_register(fixture, INTX_REGISTER), 1);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'reason':'masked'"), 1);
	/* Unmasked while it stands: passed on again. */
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | UNMASK, 0, 1), 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 2);
	CHECK_EQUAL(log_count(fixture, "irq-resend", "'index':'intx'"), 1);
	/* Which masks it again. */
	write_config(fixture, 0x3c, 1, 1);
	CHECK_EQUAL(fixture->eventfds[0].signals, 2);
	write_register(fixture, INTX_REGISTER, 1);
	CHECK_EQUAL(read_register(fixture, INTX_REGISTER), 0);
	CHECK_EQUAL(log_count(fixture, "irq-ack", "'index':'intx','vector':0,'sequence':2,"
						  "'spurious':false"), 1);
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | UNMASK, 0, 1), 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 2);
	write_register(fixture, INTX_REGISTER, 1);
	CHECK_EQUAL(log_count(fixture, "irq-ack", "'spurious':true"), 1);
	fixture_free(fixture);
}

static void level_disabled(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 0), 0);
	write_config(fixture, 4, 0x0400, 2);
	write_register(fixture, RAISE, 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'reason':'disabled'"), 1);
	write_config(fixture, 4, 0, 2);
	CHECK_EQUAL(fixture->eventfds[0].signals, 1);
	fixture_free(fixture);
}

static void msi_mask(void)
{
	struct fixture *fixture = fixture_new("vectors=2\nmsi-vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSI, 0, 8, 0), 0);
	write_config(fixture, 0x50, 1 << 6, 4);
	write_register(fixture, RAISE, 6);
	CHECK_EQUAL(fixture->eventfds[6].signals, 0);
	CHECK_EQUAL(read_config(fixture, 0x54, 4), 1 << 6);
	write_config(fixture, 0x50, 0, 4);
	CHECK_EQUAL(fixture->eventfds[6].signals, 1);
	CHECK_EQUAL(read_config(fixture, 0x54, 4), 0);
	write_register(fixture, ACK, 6);
	CHECK_EQUAL(log_count(fixture, "irq-ack", "'index':'msi','vector':6,'sequence':1,"
						  "'spurious':false"), 1);
	fixture_free(fixture);
}

static u32 pending_bits(struct fixture *fixture)
{
	u32 bits = 0;

	emu_read(fixture->device, (4ull << EMU_REGION_SHIFT) + 0x8000, &bits, sizeof(bits));
	return bits;
}

/* Vector 5 has no eventfd yet: its pending bit keeps the interrupt until it has one. */
static void msix_pending(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 4, 0), 0);
	write_register(fixture, RAISE, 5);
	write_register(fixture, RAISE, 5);
	write_register(fixture, RAISE, 1);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'vector':5,'sequence':2,'cause':'guest',"
						    "'sent':false,'reason':'no-trigger'"), 1);
	CHECK_EQUAL(pending_bits(fixture), 1 << 5);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 4, 4, 4), 0);
	CHECK_EQUAL(fixture->eventfds[5].signals, 1);
	CHECK_EQUAL(log_count(fixture, "irq-resend", "'index':'msix','vector':5,'sequence':2"), 1);
	CHECK_EQUAL(pending_bits(fixture), 0);
	/* Answered by a driver that polls: nothing waits any more. */
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 6, 1, -1), 0);
	write_register(fixture, RAISE, 6);
	CHECK_EQUAL(pending_bits(fixture), 1 << 6);
	write_register(fixture, ACK, 6);
	CHECK_EQUAL(pending_bits(fixture), 0);
	fixture_free(fixture);
}

static void stopped_device_is_silent(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	write_register(fixture, RAISE, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'reason':'stopped'"), 1);
	fixture_free(fixture);
}

/* A stream of a fresh device of these settings, in `stream`. */
static s64 make_stream(const char *settings, u8 *stream, u64 size)
{
	struct fixture *source = fixture_new(settings);
	s64 bytes;

	if (!source || set_eventfds(source, MSIX, 0, 8, 0))
		return -1;
	write_register(source, RAISE, 0);
	write_register(source, ACK, 0);
	if (set_state(source, STOP_COPY, NULL))
		return -1;
	bytes = read_all(source, stream, size, size);
	fixture_free(source);
	return bytes;
}

static u8 stream[1 << 20];

static void pending_migrates(void)
{
	struct fixture *source = fixture_new("vectors=40"), *fixture = fixture_new("vectors=40");
	s64 bytes;

	CHECK(source && fixture);
	CHECK_EQUAL(set_eventfds(source, MSIX, 0, 8, 0), 0);
	write_register(source, RAISE, 39);
	CHECK_EQUAL(set_state(source, STOP_COPY, NULL), 0);
	bytes = read_all(source, stream, sizeof(stream), 1000);
	CHECK(bytes > 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 40, 0), 0);
	CHECK_EQUAL(fixture->eventfds[39].signals, 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(fixture->eventfds[39].signals, 1);
	fixture_free(source);
	fixture_free(fixture);
}

static void in_set_irqs(void)
{
	const char *settings = "vectors=8\nraise=set-irqs\nraise-vector=2";
	struct fixture *fixture = fixture_new(settings);
	s64 bytes = make_stream(settings, stream, sizeof(stream));

	CHECK(fixture && bytes > 0);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 20), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | TRIGGER, 0, 0), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, -1), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 2, 0), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	CHECK_EQUAL(fixture->eventfds[2].signals, 1);
	CHECK_EQUAL(log_count(fixture, "irq-raise",
			      "'index':'msix','vector':2,'sequence':1,'cause':'set-irqs',"
			      "'sent':true,'state':'resuming'"), 1);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(fixture->eventfds[2].signals, 1);
	fixture_free(fixture);
}

/* QEMU 5.2 sets up interrupts before the data that holds their counts. */
static void in_set_irqs_before_the_data(void)
{
	const char *settings = "vectors=8\nraise=set-irqs";
	struct fixture *fixture = fixture_new(settings);
	s64 bytes = make_stream(settings, stream, sizeof(stream));

	CHECK(fixture && bytes > 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'before-load':true"), 1);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(log_count(fixture, "irq-renumber", "'vector':0,'local':1,'sequence':2"), 1);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(read_register(fixture, PENDING), 1);
	CHECK_EQUAL(read_register(fixture, RAISED), 2);
	write_register(fixture, ACK, 0);
	CHECK_EQUAL(log_count(fixture, "irq-ack", "'sequence':2,'spurious':false"), 1);
	fixture_free(fixture);
}

static void when_running(void)
{
	const char *settings = "vectors=8\ntraits=pre-copy,p2p\nraise=running,running-p2p";
	struct fixture *fixture = fixture_new(settings);
	s64 bytes = make_stream(settings, stream, sizeof(stream));

	CHECK(fixture && bytes > 0);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(set_state(fixture, RUNNING_P2P, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'sequence':2,'cause':'running-p2p',"
						    "'sent':false,'reason':'no-trigger'"), 1);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'sequence':3,'cause':'running','sent':true"),
		    1);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 2);
	fixture_free(fixture);
}

/* One interrupt while the guest has stopped and the device still runs; none of a device that has no driver. */
static void when_stopping(void)
{
	const char *settings = "vectors=8\ntraits=pre-copy,p2p\nraise=stopping\nraise-vector=3";
	struct fixture *fixture = fixture_new(settings);

	CHECK(fixture != NULL);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	write_config(fixture, 0x04, 0x2, 2);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 0);
	write_config(fixture, 0x04, 0x6, 2);
	CHECK_EQUAL(set_state(fixture, PRE_COPY, NULL), 0);
	CHECK_EQUAL(set_state(fixture, PRE_COPY_P2P, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 0);
	CHECK_EQUAL(set_state(fixture, STOP_COPY, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise",
			      "'vector':3,'sequence':1,'cause':'stopping','sent':true,"
			      "'state':'pre-copy-p2p'"), 1);
	CHECK_EQUAL(fixture->eventfds[3].signals, 1);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 1);
	fixture_free(fixture);
}

static void level_migrates(void)
{
	struct fixture *source = fixture_new("");
	struct fixture *fixture = fixture_new("");
	s64 bytes;

	CHECK(source && fixture);
	CHECK_EQUAL(set_eventfds(source, INTX, 0, 1, 0), 0);
	write_register(source, RAISE, 0);
	CHECK_EQUAL(set_state(source, STOP_COPY, NULL), 0);
	bytes = read_all(source, stream, sizeof(stream), 1000);
	CHECK(bytes > 0);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 5), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	CHECK_EQUAL(fixture->eventfds[5].signals, 0);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(fixture->eventfds[5].signals, 1);
	write_register(fixture, INTX_REGISTER, 1);
	CHECK_EQUAL(log_count(fixture, "irq-ack", "'index':'intx','vector':0,'sequence':1,"
						  "'spurious':false"), 1);
	fixture_free(source);
	fixture_free(fixture);
}

static void not_when_asleep(void)
{
	const char *settings = "vectors=8\ntraits=pre-copy,p2p\nraise=running";
	struct fixture *fixture = fixture_new(settings);
	s64 bytes = make_stream(settings, stream, sizeof(stream));

	CHECK(fixture && bytes > 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 8, 0), 0);
	CHECK_EQUAL(set_state(fixture, RESUMING, NULL), 0);
	CHECK_EQUAL(write_all(fixture, stream, (u64)bytes, 0), bytes);
	write_config(fixture, 0x74, 0x3, 2);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 0);
	CHECK_EQUAL(set_state(fixture, STOP, NULL), 0);
	write_config(fixture, 0x74, 0, 2);
	CHECK_EQUAL(set_state(fixture, RUNNING, NULL), 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", NULL), 1);
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "message", message },
	{ "the log comes first", log_comes_first },
	{ "nobody listens", nobody_listens },
	{ "level", level },
	{ "level while disabled", level_disabled },
	{ "MSI mask", msi_mask },
	{ "MSI-X pending bits", msix_pending },
	{ "pending bits migrate", pending_migrates },
	{ "stopped device is silent", stopped_device_is_silent },
	{ "in SET_IRQS", in_set_irqs },
	{ "in SET_IRQS before the data", in_set_irqs_before_the_data },
	{ "when running", when_running },
	{ "when stopping", when_stopping },
	{ "level migrates", level_migrates },
	{ "not when asleep", not_when_asleep },
};

TEST_MAIN(tests)
