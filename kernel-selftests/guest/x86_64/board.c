// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's q35 machine: what starts it and its processors. */
#include "board.h"

#include "../cpu.h"
#include "../machine.h"
#include "../protocol.h"
#include "apic.h"
#include "clock.h"
#include "ports.h"
#include "uart.h"

const char *machine_architecture(void)
{
	return "x86_64";
}

#define FIRMWARE_SELECT		0x510
#define FIRMWARE_DATA		0x511
#define FIRMWARE_RAM		3	/* eight bytes: how many there are */
#define FIRMWARE_CPUS		5	/* two bytes, the lower one first */

static unsigned int cpus;

unsigned int machine_cpus(void)
{
	return cpus;
}

static u32 firmware_value(u16 key, unsigned int bytes)
{
	u32 value = 0;
	unsigned int i;

	out16(FIRMWARE_SELECT, key);
	for (i = 0; i < bytes; i++)
		value |= (u32)in8(FIRMWARE_DATA) << 8 * i;
	return value;
}

static void count_cpus(void)
{
	cpus = firmware_value(FIRMWARE_CPUS, 2);
	if (cpus > MAX_CPUS)
		cpus = MAX_CPUS;
}

struct window machine_ram(void)
{
	static struct window ram;

	if (!ram.limit)
		ram.limit = firmware_value(FIRMWARE_RAM, 4) - 1;
	return ram;
}

void machine_start_other(void)
{
	apic_init_cpu();
	cpu_main();
}

void machine_start(void)
{
	count_cpus();
	uart_init();
	apic_init();
	clock_init();
	guest_main();
	machine_halt();
}
