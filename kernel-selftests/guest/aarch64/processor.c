// SPDX-License-Identifier: GPL-2.0-or-later
/* Processors: their start, time, interrupts, sleep, exceptions. */
#include "processor.h"

#include "../machine.h"
#include "../text.h"

/* PSCI's CPU_ON: QEMU takes it as a call of the hypervisor, and knows processors by their affinity, which counts. */
#define CPU_ON		0xc4000003

extern const char start_other[];

void machine_start_cpu(unsigned int cpu)
{
	register u64 function asm("x0") = CPU_ON;
	register u64 target asm("x1") = cpu;
	register u64 entry asm("x2") = (uintptr_t)start_other;
	register u64 argument asm("x3") = cpu;

	asm volatile("hvc #0" : "+r"(function), "+r"(target), "+r"(entry), "+r"(argument) : :
		     "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
		     "x17", "memory");
}

unsigned int machine_cpu(void)
{
	return read_register("mpidr_el1") & 0xff;
}

void machine_relax(void)
{
	asm volatile("yield" : : : "memory");
}

void machine_ticks(u64 *ticks, u32 *hertz)
{
	asm volatile("isb");
	*ticks = read_register("cntvct_el0");
	*hertz = read_register("cntfrq_el0");
}

/* The virtual one. */
void machine_timer(u32 microseconds)
{
	u64 ticks;
	u32 hertz;

	machine_ticks(&ticks, &hertz);
	write_register("cntv_cval_el0", ticks + (u64)microseconds * hertz / 1000000);
	write_register("cntv_ctl_el0", 1);
}

void timer_stop(void)
{
	write_register("cntv_ctl_el0", 0);
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

/* A pending interrupt ends wfi even while it is masked: none is lost before it. */
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
