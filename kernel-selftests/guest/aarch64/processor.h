/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor: registers, barriers, 64-bit accesses. */
#ifndef AARCH64_PROCESSOR_H
#define AARCH64_PROCESSOR_H

#include "../types.h"

#define read_register(name) ({ \
	u64 register_value; \
	asm volatile("mrs %0, " name : "=r"(register_value)); \
	register_value; \
})
#define write_register(name, value) \
	asm volatile("msr " name ", %0\n\tisb" : : "r"((u64)(value)) : "memory")

static inline void memory_barrier(void)
{
	asm volatile("dsb sy" : : : "memory");
}

static inline u64 mmio_read64(uintptr_t address)
{
	return *(volatile u64 *)address;
}

static inline void mmio_write64(uintptr_t address, u64 value)
{
	*(volatile u64 *)address = value;
}

void timer_stop(void);	/* it interrupts no more */

/* An exception that is no interrupt; start.S calls it. */
void machine_fatal(u64 vector, u64 syndrome, u64 link, u64 fault) __attribute__((noreturn));

#endif
