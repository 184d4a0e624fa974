// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration space: identity, capabilities, what can be written. */
#include "fixture.h"
#include "ktap.h"

#define CONFIG	((u64)VFIO_PCI_CONFIG_REGION_INDEX << EMU_REGION_SHIFT)

static void identity(void)
{
	struct fixture *fixture = fixture_new("vectors=16\nmsi-vectors=8\ninterrupt-pin=2");

	CHECK(fixture);
	CHECK_EQUAL(read_config(fixture, 0, 4), 0x71701234);
	CHECK_EQUAL(read_config(fixture, 8, 4), 0x08800001);
	CHECK_EQUAL(read_config(fixture, 0x0e, 1), 0);
	CHECK_EQUAL(read_config(fixture, 0x3d, 1), 2);
	CHECK(read_config(fixture, 6, 2) & 0x10);
	fixture_free(fixture);
}

static u32 find_capability(struct fixture *fixture, u32 id)
{
	u32 at = read_config(fixture, 0x34, 1);
	u32 steps;

	for (steps = 0; at && steps < 48; steps++) {
		if (read_config(fixture, at, 1) == id)
			return at;
		at = read_config(fixture, at + 1, 1);
	}
	return 0;
}

static void capabilities(void)
{
	struct fixture *fixture = fixture_new("vectors=2048\nmsi-vectors=8");
	u32 msi, msix;

	CHECK(fixture);
	msi = find_capability(fixture, 0x05);
	CHECK(msi);
	CHECK_EQUAL(read_config(fixture, msi + 2, 2), 0x0186);
	msix = find_capability(fixture, 0x11);
	CHECK(msix);
	CHECK_EQUAL(read_config(fixture, msix + 2, 2), 2047);
	CHECK_EQUAL(read_config(fixture, msix + 4, 4), 4);
	CHECK_EQUAL(read_config(fixture, msix + 8, 4), 0x8004);
	CHECK(find_capability(fixture, 0x01));
	CHECK(find_capability(fixture, 0x10));
	CHECK_EQUAL(find_capability(fixture, 0x09), 0);
	fixture_free(fixture);
}

static void bar_sizing(void)
{
	static const u32 wanted[6] = { 0xffffc000, 0, 0xffff000c, 0xffffffff, 0xffff0000, 0 };
	struct fixture *fixture = fixture_new("");
	u32 i;

	CHECK(fixture);
	for (i = 0; i < 6; i++) {
		CHECK_EQUAL(write_config(fixture, 0x10 + i * 4, 0xffffffff, 4), 4);
		CHECK_EQUAL(read_config(fixture, 0x10 + i * 4, 4), wanted[i]);
	}
	CHECK_EQUAL(write_config(fixture, 0x10, 0x12345678, 4), 4);
	CHECK_EQUAL(read_config(fixture, 0x10, 4), 0x12344000);
	CHECK_EQUAL(write_config(fixture, 0x30, 0xffffffff, 4), 4);
	CHECK_EQUAL(read_config(fixture, 0x30, 4), 0);
	fixture_free(fixture);
}

static void write_masks(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	write_config(fixture, 0, 0xffffffff, 4);
	CHECK_EQUAL(read_config(fixture, 0, 4), 0x71701234);
	write_config(fixture, 4, 0xffff, 2);
	CHECK_EQUAL(read_config(fixture, 4, 2), 0x0547);
	write_config(fixture, 4, 0x06, 1);
	CHECK_EQUAL(read_config(fixture, 4, 2), 0x0506);
	write_config(fixture, 0x62, 0xffff, 2);
	CHECK_EQUAL(read_config(fixture, 0x62, 2), 0xc007);
	write_config(fixture, 0x42, 0xffff, 2);
	CHECK_EQUAL(read_config(fixture, 0x42, 2), 0x01f5);
	write_config(fixture, 0x3c, 0xffff, 2);
	CHECK_EQUAL(read_config(fixture, 0x3c, 2), 0x01ff);
	fixture_free(fixture);
}

static void controls_of_power_and_express(void)
{
	struct fixture *fixture = fixture_new("");
	u32 power, express;

	CHECK(fixture);
	power = find_capability(fixture, 0x01);
	express = find_capability(fixture, 0x10);
	CHECK_EQUAL(read_config(fixture, power + 4, 2), 0x0008);
	write_config(fixture, power + 4, 0xffff, 2);
	CHECK_EQUAL(read_config(fixture, power + 4, 2), 0x1f0b);
	CHECK_EQUAL(read_config(fixture, express + 8, 2), 0x2810);
	write_config(fixture, express + 8, 0xffff, 2);
	CHECK_EQUAL(read_config(fixture, express + 8, 2), 0x79ff);
	write_config(fixture, express + 0x28, 0xffff, 2);
	CHECK_EQUAL(read_config(fixture, express + 0x28, 2), 0x001f);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(read_config(fixture, power + 4, 2), 0x0008);
	CHECK_EQUAL(read_config(fixture, express + 8, 2), 0x2810);
	CHECK_EQUAL(read_config(fixture, express + 0x28, 2), 0);
	fixture_free(fixture);
}

/* BAR 0 shows the device's own: there, SET_IRQS enables MSI-X, and a write into the capability does not. */
static void held_msix_enable(void)
{
	struct fixture *fixture = fixture_new("vectors=8");

	CHECK(fixture);
	write_config(fixture, 0x62, 0xffff, 2);
	CHECK_EQUAL(read_register(fixture, 0x460) >> 31, 0);
	CHECK_EQUAL(set_eventfds(fixture, MSIX, 0, 1, 0), 0);
	write_config(fixture, 0x62, 0, 2);
	CHECK_EQUAL(read_register(fixture, 0x460) >> 31, 1);
	CHECK_EQUAL(read_register(fixture, 0x440) >> 16 & 1, 0);
	fixture_free(fixture);
}

static void whole_space_at_once(void)
{
	struct fixture *fixture = fixture_new("");
	u8 space[EMU_CONFIG_SIZE + 64];

	CHECK(fixture);
	CHECK_EQUAL(emu_read(fixture->device, CONFIG, space, EMU_CONFIG_SIZE), EMU_CONFIG_SIZE);
	CHECK_EQUAL(space[0], 0x34);
	CHECK_EQUAL(emu_read(fixture->device, CONFIG + 192, space, sizeof(space)), 64);
	CHECK_EQUAL(emu_read(fixture->device, CONFIG + 256, space, 1), -EINVAL);
	CHECK_EQUAL(emu_write(fixture->device, CONFIG + 256, space, 1), -EINVAL);
	CHECK_EQUAL(emu_read(fixture->device, CONFIG, space, 0), 0);
	fixture_free(fixture);
}

static void writes_are_logged(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	write_config(fixture, 4, 0x0406, 2);
	CHECK_EQUAL(log_count(fixture, "config-write",
			      "'offset':4,'size':2,'value':1030,'state':'running','errno':0"),
		    1);
	fixture_free(fixture);
}

static void reset_restores(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	write_config(fixture, 4, 0x0406, 2);
	write_config(fixture, 0x10, 0x10000000, 4);
	CHECK_EQUAL(emu_reset(fixture->device), 0);
	CHECK_EQUAL(read_config(fixture, 4, 2), 0);
	CHECK_EQUAL(read_config(fixture, 0x10, 4), 0);
	CHECK_EQUAL(log_count(fixture, "reset", "'state':'running'"), 1);
	fixture_free(fixture);
}

static void interrupt_status_is_live(void)
{
	struct fixture *fixture = fixture_new("");

	CHECK(fixture);
	CHECK_EQUAL(set_eventfds(fixture, INTX, 0, 1, 0), 0);
	write_register(fixture, 0x10, 0);
	CHECK(read_config(fixture, 6, 2) & 8);
	write_register(fixture, 0x18, 1);
	CHECK(!(read_config(fixture, 6, 2) & 8));
	fixture_free(fixture);
}

static const struct test tests[] = {
	{ "identity", identity },
	{ "capabilities", capabilities },
	{ "BAR sizing", bar_sizing },
	{ "write masks", write_masks },
	{ "controls of power and express", controls_of_power_and_express },
	{ "held MSI-X enable", held_msix_enable },
	{ "whole space at once", whole_space_at_once },
	{ "writes are logged", writes_are_logged },
	{ "reset restores", reset_restores },
	{ "interrupt status is live", interrupt_status_is_live },
};

TEST_MAIN(tests)
