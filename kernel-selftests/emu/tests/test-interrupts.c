// SPDX-License-Identifier: GPL-2.0-or-later
/* SET_IRQS: the kernel's rules, and which eventfds are held. */
#include "fixture.h"
#include "ktap.h"

static void argument_checks(void)
{
	struct fixture *fixture = fixture_new("vectors=8");
	struct vfio_irq_set set = { .argsz = 8, .flags = DATA_NONE | TRIGGER };

	CHECK(fixture);
	CHECK_EQUAL(emu_set_irqs(fixture->device, &set, sizeof(set)), -EINVAL);
	CHECK_EQUAL(emu_set_irqs(fixture->device, &set, 4), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, 5, DATA_NONE | TRIGGER, 0, 0), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE, 0, 1), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, MSIX, TRIGGER, 0, 1), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | DATA_BOOL | TRIGGER, 0, 1), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | TRIGGER | MASK, 0, 1), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | TRIGGER | 1 << 20, 0, 1), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_EVENTFD | TRIGGER, 0, 1), -EINVAL);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 9, 0), -EINVAL);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 8, 1, 0), -EINVAL);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0xffffffff, 1, 0), -EINVAL);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 0, 0), -EINVAL);
	fixture_free(fixture);
}

static void one_kind_at_a_time(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 0), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 2, 10), -EINVAL);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | TRIGGER, 0, 0), -EINVAL);
	CHECK_EQUAL(fixture->eventfds[0].users, 1);
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | TRIGGER, 0, 0), 0);
	CHECK_EQUAL(fixture->eventfds[0].users, 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 2, 10), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSI, 0, 2, 20), -EINVAL);
	fixture_free(fixture);
}

static void replacing_puts_the_old(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 4, 0), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 1, 1, 9), 0);
	CHECK_EQUAL(fixture->eventfds[1].users, 0);
	CHECK_EQUAL(fixture->eventfds[9].users, 1);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, -1), 0);
	CHECK_EQUAL(fixture->eventfds[0].users, 0);
	emu_device_close(fixture->device);
	CHECK_EQUAL(fixture->eventfds[2].users, 0);
	CHECK_EQUAL(fixture->eventfds[9].users, 0);
	fixture_free(fixture);
}

static void invalid_descriptor(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 0), 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 4, FIXTURE_FDS - 2), -EBADF);
	CHECK_EQUAL(fixture->eventfds[0].users, 1);
	CHECK_EQUAL(fixture->eventfds[FIXTURE_FDS - 2].users, 0);
	CHECK_EQUAL(log_count(fixture, "set-irqs", "'errno':9"), 1);
	fixture_free(fixture);
}

static void growing(void)
{
	struct fixture *v1 = fixture_new("protocol=v1");
	struct fixture *v2 = fixture_new("protocol=v2");

	CHECK(v1 && v2);
	/* As QEMU 8.1 and later begin: MSI-X on, no vector yet. */
	CHECK_EQUAL(set_eventfds(v2, MSIX, 0, 1, -1), 0);
	CHECK_EQUAL(set_eventfds(v2, MSIX, 5, 1, 5), 0);
	CHECK_EQUAL(set_eventfds(v1, MSIX, 0, 1, 0), 0);
	CHECK_EQUAL(set_eventfds(v1, MSIX, 1, 1, 1), -EINVAL);
	fixture_free(v1);
	fixture_free(v2);
}

static void triggers_from_the_user(void)
{
	struct fixture *fixture = fixture_new("vectors=8");
	struct {
		struct vfio_irq_set set;
		u8 on[3];
	} bools = { .on = { 1, 0, 1 } };

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 3, 0), 0);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | TRIGGER, 1, 2), 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 0);
	CHECK_EQUAL(fixture->eventfds[1].signals, 1);
	bools.set.argsz = (u32)sizeof(bools.set) + 3;
	bools.set.flags = DATA_BOOL | TRIGGER;
	bools.set.index = MSIX;
	bools.set.count = 3;
	CHECK_EQUAL(emu_set_irqs(fixture->device, &bools.set, sizeof(bools)), 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 1);
	CHECK_EQUAL(fixture->eventfds[2].signals, 2);
	CHECK_EQUAL(read_register(fixture, 0x1c), 0);
	fixture_free(fixture);
}

static void masking(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | UNMASK, 0, 1), -EINVAL);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 0), 0);
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | MASK, 0, 1), 0);
	write_register(fixture, 0x10, 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 0);
	CHECK_EQUAL(set_irqs(fixture, INTX, DATA_NONE | UNMASK, 0, 1), 0);
	CHECK_EQUAL(fixture->eventfds[0].signals, 1);
	CHECK_EQUAL(set_irqs(fixture, MSIX, DATA_NONE | MASK, 0, 1), -ENOTTY);
	fixture_free(fixture);
}

/* Only KVM would need it. */
static void unmask_eventfd(void)
{
	struct fixture *fixture = fixture_new("");
	struct {
		struct vfio_irq_set set;
		s32 fd;
	} unmask = { .fd = 7 };

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 0), 0);
	unmask.set.argsz = sizeof(unmask);
	unmask.set.flags = DATA_EVENTFD | UNMASK;
	unmask.set.index = INTX;
	unmask.set.count = 1;
	CHECK_EQUAL(emu_set_irqs(fixture->device, &unmask.set, sizeof(unmask)), -ENOTTY);
	CHECK_EQUAL(fixture->eventfds[7].users, 0);
	fixture_free(fixture);
}

static void error_and_request(void)
{
	struct fixture *fixture = fixture_new("");
	u32 index;

	CHECK(fixture);
	for (index = 3; index < 5; index++) {
		CHECK_EQUAL(set_eventfds(fixture, index, 0, 1, (int)index), 0);
		CHECK_EQUAL(fixture->eventfds[index].users, 1);
		CHECK_EQUAL(set_irqs(fixture, index, DATA_NONE | TRIGGER, 0, 1), 0);
		CHECK_EQUAL(fixture->eventfds[index].signals, 1);
		CHECK_EQUAL(set_irqs(fixture, index, DATA_NONE | MASK, 0, 1), -ENOTTY);
	}
	CHECK_EQUAL(set_eventfds(fixture, 3, 0, 1, -1), 0);
	CHECK_EQUAL(fixture->eventfds[3].users, 0);
	CHECK_EQUAL(set_irqs(fixture, 4, DATA_NONE | TRIGGER, 0, 0), 0);
	CHECK_EQUAL(fixture->eventfds[4].users, 0);
	fixture_free(fixture);
}

static void log_line(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 2, 3, 0), 0);
	CHECK_EQUAL(log_count(fixture, "set-irqs",
			      "'index':'msix','start':2,'count':3,'action':'trigger',"
			      "'data':'eventfd','enabled':3,'state':'running','errno':0"),
		    1);
	fixture_free(fixture);
}

static void reset_keeps_eventfds(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 2, 0), 0);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	/* But the command is gone, and with it the right to send messages. */
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 0);
	CHECK_EQUAL(log_count(fixture, "irq-raise", "'reason':'no-bus-master'"), 1);
	CHECK_EQUAL(write_config(fixture, 4, 6, 2), 2);
	write_register(fixture, 0x10, 1);
	CHECK_EQUAL(fixture->eventfds[1].signals, 1);
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "argument checks", argument_checks },
	{ "one kind at a time", one_kind_at_a_time },
	{ "replacing puts the old eventfd", replacing_puts_the_old },
	{ "invalid descriptor changes nothing", invalid_descriptor },
	{ "vectors are added in v2's time only", growing },
	{ "triggers from the user", triggers_from_the_user },
	{ "masking INTx", masking },
	{ "no unmask by eventfd", unmask_eventfd },
	{ "ERR and REQ", error_and_request },
	{ "log line", log_line },
	{ "reset keeps eventfds", reset_keeps_eventfds },
};

TEST_MAIN(tests)
