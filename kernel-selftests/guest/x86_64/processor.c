// SPDX-License-Identifier: GPL-2.0-or-later
/* The processor: interrupts, sleep, exceptions. */
#include "processor.h"

#include "../machine.h"
#include "../text.h"

#define FLAG_INTERRUPTS		0x200

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

/* Interrupts are on only after the instruction that follows sti: none is lost before hlt. */
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

void machine_relax(void)
{
	asm volatile("pause" : : : "memory");
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
