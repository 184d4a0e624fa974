// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first and only program of the Linux guest: it makes the kernel ready and
 * then is the same driver as the guests without an operating system, with the
 * same serial protocol. The processor's part of machine.h is the kernel's here.
 */
#include "../cpu.h"
#include "../machine.h"
#include "../memory.h"
#include "../protocol.h"
#include "../text.h"
#include "system.h"

extern char pages_start[], pages_end[];

const char *machine_architecture(void)
{
	return "aarch64";
}

const char *machine_controller(void)
{
	return "linux";
}

unsigned int machine_line(u16 address, u8 pin)
{
	(void)address;
	return pin;
}

void machine_ticks(u64 *ticks, u32 *hertz)
{
	u64 frequency;

	asm volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0" : "=r"(*ticks), "=r"(frequency));
	*hertz = (u32)frequency;
}

unsigned int machine_cpu(void)
{
	return 0;
}

unsigned int machine_cpus(void)
{
	return 1;
}

bool machine_irq_save(void)
{
	return true;
}

void machine_irq_restore(bool on)
{
	(void)on;
}

void machine_halt(void)
{
	system_power_off();
}

void cpus_start(void)
{
}

void cpus_await(void)
{
}

const char *cpu_interrupts(unsigned int cpu, bool on)
{
	(void)cpu;
	(void)on;
	return "the kernel's processors are not ours";
}

/* The kernel handles an interrupt before the program goes on. */
void cpus_sync(void)
{
}

/* Only of QEMU before 9.0, with which no Linux guest can be migrated under TCG. */
void memory_show_page(volatile void *page)
{
	(void)page;
}

/* The interrupt controller is the kernel's. */
bool machine_controller_register(u32 number, struct controller_register *found)
{
	(void)number;
	(void)found;
	return false;
}

bool machine_commands_are_read(u32 *written, u32 *read)
{
	(void)written;
	(void)read;
	return true;
}

struct window machine_ram(void)
{
	return (struct window){ (uintptr_t)pages_start, (uintptr_t)pages_end - 1 };
}

static bool map_pages(void)
{
	uintptr_t start = (uintptr_t)pages_start;

	return system_map(system_open("/dev/mem"), start, (u64)(pages_end - pages_start), start);
}

/* Returns what went wrong, or NULL. */
static const char *make_ready(void)
{
	int file;

	if (!system_mount("devtmpfs", "/dev"))
		return "no /dev";
	for (file = 0; file < 3; file++)	/* the console, if the kernel has opened one */
		system_close(file);
	if (system_open("/dev/ttyAMA0") != 0)
		return "no serial line";
	system_make_raw(0);
	if (!system_mount("sysfs", "/sys"))
		return "no /sys";
	if (!map_pages())
		return "no memory for devices";
	return system_load_module("/qpatch_guest.ko") ? NULL : "no driver";
}

void program_main(void);
void program_main(void)
{
	const char *error = make_ready();

	if (!error)
		guest_main();
	print("fatal ");
	print(error);
	machine_put('\n');
	machine_halt();
}
