// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's virt machine: its PCI host bridge, and what starts it and its processors. */
#include "board.h"

#include "../cpu.h"
#include "../machine.h"
#include "../protocol.h"
#include "devicetree.h"
#include "gic.h"
#include "uart.h"

static struct layout layout = {
	.config = 0x4010000000,
	.ram = { 0x40000000, 0x43ffffff },
	.narrow = { 0x10000000, 0x3efeffff },
	.cpus = 1,
};

const char *machine_architecture(void)
{
	return "aarch64";
}

static volatile void *config_address(u16 address, u16 offset)
{
	return (volatile void *)(layout.config + ((u64)address << 12) + offset);
}

u32 machine_config_read(u16 address, u16 offset, unsigned int bytes)
{
	volatile void *at = config_address(address, offset);

	if (bytes == 1)
		return *(volatile u8 *)at;
	if (bytes == 2)
		return *(volatile u16 *)at;
	return *(volatile u32 *)at;
}

void machine_config_write(u16 address, u16 offset, unsigned int bytes, u32 value)
{
	volatile void *at = config_address(address, offset);

	if (bytes == 1)
		*(volatile u8 *)at = value;
	else if (bytes == 2)
		*(volatile u16 *)at = value;
	else
		*(volatile u32 *)at = value;
}

struct window machine_ram(void)
{
	return layout.ram;
}

struct window machine_window(bool wide)
{
	return wide ? layout.wide : layout.narrow;
}

/* Pins go to the four interrupts of the bridge, turned by the slot. */
unsigned int machine_line(u16 address, u8 pin)
{
	return (address / 8 + pin - 1) % 4;
}

unsigned int machine_cpus(void)
{
	return layout.cpus;
}

void machine_start_other(void)
{
	gic_init_cpu();
	cpu_main();
}

void machine_start(void)
{
	bool its = devicetree_read(&layout);

	uart_init();
	gic_init(its);
	guest_main();
	machine_halt();
}
