// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's q35 machine, but for its interrupt controllers and serial line. */
#include "board.h"

#define CONFIG_ADDRESS		0xcf8
#define CONFIG_DATA		0xcfc
#define CONFIG_ON		0x80000000u

#define FLAG_INTERRUPTS		0x200

const char *machine_architecture(void)
{
	return "x86_64";
}

static u16 select_config(u16 address, u16 offset)
{
	out32(CONFIG_ADDRESS, CONFIG_ON | (u32)address << 8 | (offset & ~3u));
	return CONFIG_DATA + (offset & 3);
}

u32 machine_config_read(u16 address, u16 offset, unsigned int bytes)
{
	u16 port = select_config(address, offset);

	return bytes == 1 ? in8(port) : bytes == 2 ? in16(port) : in32(port);
}

void machine_config_write(u16 address, u16 offset, unsigned int bytes, u32 value)
{
	u16 port = select_config(address, offset);

	if (bytes == 1)
		out8(port, value);
	else if (bytes == 2)
		out16(port, value);
	else
		out32(port, value);
}

/* Above the RAM of any machine of the lab, below the IOAPIC; nothing above 4 GiB can be reached. */
struct window machine_window(bool wide)
{
	struct window none = { 0, 0 }, narrow = { 0xc0000000, 0xfebfffff };

	return wide ? none : narrow;
}

bool machine_irq_save(void)
{
	u32 flags;

	asm volatile("pushfl\n\tpopl %0\n\tcli" : "=r"(flags) : : "memory");
	return flags & FLAG_INTERRUPTS;
}

void machine_irq_restore(bool on)
{
	if (on)
		asm volatile("sti" : : : "memory");
}

/* Interrupts are on only after the instruction that follows sti: none comes unseen before hlt. */
void machine_sleep(void)
{
	asm volatile("sti\n\thlt\n\tcli" : : : "memory");
}

/* Any change of CR4.PGE does it, with paging off as well. */
void machine_flush_tlb(void)
{
	u32 cr4;

	asm volatile("mov %%cr4, %0\n\txor $0x80, %0\n\tmov %0, %%cr4" : "=r" (cr4) : : "memory");
}

void machine_halt(void)
{
	for (;;)
		asm volatile("cli\n\thlt");
}

void machine_fatal(u32 vector, const u32 *frame)
{
	int i;

	print("\nfatal exception");
	print_field("vector", vector);
	print(" frame");
	for (i = 0; i < 4; i++) {
		machine_put(' ');
		print_hex(frame[i]);
	}
	machine_put('\n');
	machine_halt();
}

void machine_start(void)
{
	uart_init();
	apic_init();
	clock_init();
	guest_main();
	machine_halt();
}
