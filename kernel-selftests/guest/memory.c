// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lets a migration see what the guest has written.  QEMU before 9.0 misses
 * writes under TCG: once it has looked for dirty pages, a page that the
 * processor's TLB already holds as written is not noticed again, and the
 * destination runs with older memory.  So before a processor sleeps it empties its
 * TLB and writes to each page of the guest's own once more; and empties it again, so
 * that what it writes when it wakes is noticed too.  The rings of the devices are left
 * out but when the guest clears one: whether the device's pages arrive is what
 * the lab wants to know.
 */
#include "memory.h"

#include "machine.h"

extern char data_start[], bss_end[], stack_bottom[], stack_top[];

static void write_again(char *start, const volatile char *end)
{
	char *byte;

	/* Atomic, since another processor may write something else there. */
	for (byte = (char *)((uintptr_t)start & ~(PAGE_SIZE - 1ul)); byte < end; byte += PAGE_SIZE)
		__atomic_fetch_add(byte, 0, __ATOMIC_RELAXED);
}

/* Called with interrupts off. */
void memory_show(void)
{
	machine_flush_tlb();
	write_again(data_start, bss_end);
	write_again(stack_bottom, stack_top);
	machine_flush_tlb();
}

/* A page that the guest has just written and nobody else writes now. */
void memory_show_page(volatile void *page)
{
	machine_flush_tlb();
	write_again((char *)page, (char *)page + PAGE_SIZE);
	machine_flush_tlb();
}
