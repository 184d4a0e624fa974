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
#define FIRMWARE_CPUS		5	/* two bytes, the lower one first */

static unsigned int cpus;

unsigned int machine_cpus(void)
{
	return cpus;
}

static void count_cpus(void)
{
	out16(FIRMWARE_SELECT, FIRMWARE_CPUS);
	cpus = in8(FIRMWARE_DATA);
	cpus |= in8(FIRMWARE_DATA) << 8;
	if (cpus > MAX_CPUS)
		cpus = MAX_CPUS;
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
