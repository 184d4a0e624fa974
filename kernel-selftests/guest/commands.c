// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of the serial protocol: what each does, and its answer. */
#include "commands.h"

#include "config.h"
#include "controller.h"
#include "cpu.h"
#include "interrupt.h"
#include "kept.h"
#include "machine.h"
#include "message.h"
#include "probe.h"
#include "registers.h"
#include "reset.h"
#include "ring.h"
#include "sparse.h"
#include "text.h"
#include "timer.h"
#include "traffic.h"
#include "widths.h"

void print_identity(const char *first)
{
	print(first);
	machine_put(' ');
	print(machine_architecture());
	machine_put(' ');
	print(machine_controller());
	print_field("devices", device_count);
	print_field("cpus", machine_cpus());
	machine_put('\n');
}

void answer(const char *error)
{
	if (error) {
		print("error ");
		print(error);
	} else {
		print("ok");
	}
	machine_put('\n');
}

static void command_hello(struct device *device, const u32 *numbers)
{
	(void)device;
	(void)numbers;
	cpus_sync();
	print_identity("ok");
}

static void command_raise(struct device *device, const u32 *numbers)
{
	device_write(device, REGISTER_RAISE, numbers[0]);
	answer(NULL);
}

static void command_status(struct device *device, const u32 *numbers)
{
	u32 vector;

	(void)numbers;
	print("ok");
	print_field("raised", device_read(device, REGISTER_RAISED));
	print_field("acked", device_read(device, REGISTER_ACKED));
	print_field("spurious", device_read(device, REGISTER_SPURIOUS));
	print_field("handled", device->handled);
	print_field("strayed", device->strayed);
	if (device->strayed) {
		print_field("stray", device->stray.vector);
		print_field("routed", device->stray.routed);
		print_field("came", device->stray.came);
	}
	if (unexpected_interrupts)
		print_field("unexpected", unexpected_interrupts);
	for (vector = 0; vector < MAX_VECTORS; vector++) {
		if (!device->count[vector])
			continue;
		print(" v");
		print_unsigned(vector);
		machine_put('=');
		print_unsigned(device->count[vector]);
	}
	machine_put('\n');
}

static void command_ring(struct device *device, const u32 *numbers)
{
	answer(ring_set_up(device, numbers[0]));
}

static void command_kick(struct device *device, const u32 *numbers)
{
	if (numbers[0] >= device->ring_pages) {
		answer("no such page");
		return;
	}
	device_write(device, REGISTER_KICK, numbers[0]);
	answer(NULL);
}

/* Every page, or every vector, in one command: a serial line is slow. */
static void command_kicks(struct device *device, const u32 *numbers)
{
	u32 page;

	(void)numbers;
	for (page = 0; page < device->ring_pages; page++)
		device_write(device, REGISTER_KICK, page);
	answer(NULL);
}

static void command_raises(struct device *device, const u32 *numbers)
{
	u32 vector;

	(void)numbers;
	for (vector = 0; vector < device->vectors; vector++)
		device_write(device, REGISTER_RAISE, vector);
	answer(NULL);
}

static void command_raise_each(struct device *device, const u32 *numbers)
{
	(void)numbers;
	interrupts_raise_each(device);
	answer(NULL);
}

static void command_peer(struct device *device, const u32 *numbers)
{
	if (numbers[0] >= device_count)
		answer("no such device");
	else
		answer(ring_write_to_peer(device, &devices[numbers[0]]));
}

/* writes=ok, or PLACE:BYTES. */
static void print_writes(const struct check_result *result)
{
	print(" writes=");
	print(result->unwritten_bytes ? result->unwritten : "ok");
	if (result->unwritten_bytes)
		print_number(result->unwritten_bytes);
}

/* CPU:REGISTER:COUNT, the first register that is wrong and how many are. */
static void print_registers(void)
{
	struct wrong_register wrong;

	cpus_sync();	/* all that take interrupts look at their registers */
	print(" registers=");
	if (!registers_wrong(&wrong)) {
		print("ok");
		return;
	}
	print_unsigned(wrong.cpu);
	machine_put(':');
	print(wrong.name);
	print_number(wrong.count);
}

/* A register of the interrupt controller that differs, NAME:INDEX:BEFORE:NOW, and what it has not read of its queue. */
static void print_controller(void)
{
	struct controller_register now;
	u32 was, written, read;

	print(" controller=");
	if (controller_differs(&now, &was)) {
		print(now.name);
		print_number(now.index);
		print_number(was);
		print_number(now.value);
	} else {
		print("ok");
	}
	print(" commands=");
	if (machine_commands_are_read(&written, &read)) {
		print("ok");
		return;
	}
	print_unsigned(written);
	print_number(read);
}

/* What the guest checks of itself. */
static void print_own(void)
{
	struct silent_timer silent;

	print_field("sparse", sparse_check());
	print_registers();
	print_controller();
	if (!timers_silent(&silent))
		return;
	print_field("silent", silent.cpu);
	print_field("overdue", silent.milliseconds);
}

static void command_check(struct device *device, const u32 *numbers)
{
	struct check_result result;

	(void)numbers;
	device_check(device, &result);
	kept_check(device, &result);
	widths_check(device, &result);
	ring_check(device, &result);
	kept_leave(device);
	print("ok");
	print_field("stale", result.stale);
	print_field("corrupt", result.corrupt);
	print_field("overrun", result.overrun);
	print(" reach=");
	print(result.reach);
	print(" memory=");
	print(result.memory);
	print(" state=");
	print(result.state);
	print(" read=");
	print(result.read);
	print(" kept=");
	print(result.kept);
	print(" widths=");
	print(result.widths);
	print_writes(&result);
	config_report(device);
	if (device == devices)
		print_own();
	machine_put('\n');
}

static void command_fill(struct device *device, const u32 *numbers)
{
	device_fill(device, numbers[0]);
	answer(NULL);
}

static void command_mask(struct device *device, const u32 *numbers)
{
	answer(irq_mask(device, numbers[0], true));
}

static void command_unmask(struct device *device, const u32 *numbers)
{
	answer(irq_mask(device, numbers[0], false));
}

static void command_mask_function(struct device *device, const u32 *numbers)
{
	answer(irq_mask_function(device, numbers[0]));
}

static void command_move(struct device *device, const u32 *numbers)
{
	answer(irq_move(device, numbers[0]));
}

static void command_route(struct device *device, const u32 *numbers)
{
	answer(irq_route(device, numbers[0], numbers[1]));
}

static void command_irqs_off(struct device *device, const u32 *numbers)
{
	(void)device;
	answer(cpu_interrupts(numbers[0], false));
}

static void command_irqs_on(struct device *device, const u32 *numbers)
{
	(void)device;
	answer(cpu_interrupts(numbers[0], true));
}

static void command_reset(struct device *device, const u32 *numbers)
{
	(void)numbers;
	answer(device_reset(device));
}

static void command_move_bars(struct device *device, const u32 *numbers)
{
	(void)numbers;
	answer(probe_move_bars(device));
}

static void command_busy(struct device *device, const u32 *numbers)
{
	(void)device;
	answer(traffic_begin(numbers[0]));
}

static void command_idle(struct device *device, const u32 *numbers)
{
	struct traffic_result result;

	(void)device;
	(void)numbers;
	traffic_end(&result);
	print("ok");
	print_field("written", result.written);
	print_field("stale", result.stale);
	machine_put('\n');
}

static void command_sleep(struct device *device, const u32 *numbers)
{
	config_sleep(device, numbers[0]);
	answer(NULL);
}

static void command_ticks(struct device *device, const u32 *numbers)
{
	u64 ticks;
	u32 hertz;

	(void)device;
	(void)numbers;
	machine_ticks(&ticks, &hertz);
	print("ok ticks=");
	print_unsigned(ticks);
	print_field("hertz", hertz);
	machine_put('\n');
}

/* settle MS: answers as soon as no interrupt is waiting, at the latest after so long. */
static void command_settle(struct device *device, const u32 *numbers)
{
	u32 waiting = interrupts_settle(devices, device_count, numbers[0]);

	(void)device;
	print("ok");
	print_field("waiting", waiting);
	machine_put('\n');
}

static void command_off(struct device *device, const u32 *numbers)
{
	(void)device;
	(void)numbers;
	answer(NULL);
	machine_halt();
}

static const struct command commands[] = {
	{ "hello", 0, false, command_hello },
	{ "raise", 1, true, command_raise },
	{ "status", 0, true, command_status },
	{ "ring", 1, true, command_ring },
	{ "kick", 1, true, command_kick },
	{ "kicks", 0, true, command_kicks },
	{ "raises", 0, true, command_raises },
	{ "raiseeach", 0, true, command_raise_each },
	{ "peer", 1, true, command_peer },
	{ "check", 0, true, command_check },
	{ "fill", 1, true, command_fill },
	{ "mask", 1, true, command_mask },
	{ "unmask", 1, true, command_unmask },
	{ "maskall", 1, true, command_mask_function },
	{ "move", 1, true, command_move },
	{ "route", 2, true, command_route },
	{ "irqs-off", 1, false, command_irqs_off },
	{ "irqs-on", 1, false, command_irqs_on },
	{ "reset", 0, true, command_reset },
	{ "movebars", 0, true, command_move_bars },
	{ "busy", 1, false, command_busy },
	{ "idle", 0, false, command_idle },
	{ "sleep", 1, true, command_sleep },
	{ "ticks", 0, false, command_ticks },
	{ "settle", 1, false, command_settle },
	{ "off", 0, false, command_off },
};

const struct command *command_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (same_text(name, commands[i].name))
			return &commands[i];
	return NULL;
}
