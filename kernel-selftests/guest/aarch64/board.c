// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's virt machine, but for its interrupt controller and serial line. */
#include "board.h"

static struct pci_layout pci = {
	.config = 0x4010000000,
	.narrow = { 0x10000000, 0x3efeffff },
};

const char *machine_architecture(void)
{
	return "aarch64";
}

static volatile void *config_address(u16 address, u16 offset)
{
	return (volatile void *)(pci.config + ((u64)address << 12) + offset);
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

struct window machine_window(bool wide)
{
	return wide ? pci.wide : pci.narrow;
}

/* Pins go to the four interrupts of the bridge, turned by the slot. */
unsigned int machine_line(u16 address, u8 pin)
{
	return (address / 8 + pin - 1) % 4;
}

void machine_ticks(u64 *ticks, u32 *hertz)
{
	asm volatile("isb");
	*ticks = read_register("cntvct_el0");
	*hertz = read_register("cntfrq_el0");
}

bool machine_irq_save(void)
{
	bool on = !(read_register("daif") & 0x80);

	asm volatile("msr daifset, #2" : : : "memory");
	return on;
}

void machine_irq_restore(bool on)
{
	if (on)
		asm volatile("msr daifclr, #2" : : : "memory");
}

/* An interrupt ends the wait even while it is masked, so that none comes unseen before it. */
void machine_sleep(void)
{
	asm volatile("wfi\n\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2" : : : "memory");
}

void machine_flush_tlb(void)
{
	asm volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
}

void machine_halt(void)
{
	machine_irq_save();
	for (;;)
		asm volatile("wfi");
}

void machine_fatal(u64 vector, u64 syndrome, u64 link, u64 fault)
{
	print("\nfatal exception");
	print_field("vector", vector);
	print(" esr=");
	print_hex(syndrome);
	print(" elr=");
	print_hex(link);
	print(" far=");
	print_hex(fault);
	machine_put('\n');
	machine_halt();
}

void machine_start(void)
{
	bool its = devicetree_read(&pci);

	uart_init();
	gic_init(its);
	guest_main();
	machine_halt();
}
