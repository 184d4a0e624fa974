/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the x86 guest call of each other. */
#ifndef BOARD_H
#define BOARD_H

#include "../machine.h"

static inline void out8(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(u16 port, u16 value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(u16 port, u32 value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 in8(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 in16(u16 port)
{
	u16 value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 in32(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* uart.c */
void uart_init(void);
void uart_interrupt(void);

/* apic.c */
void apic_init(void);
void apic_interrupt(u32 vector, const u32 *frame);	/* frame: what the processor pushed */

/* clock.c */
void clock_init(void);

/* board.c */
void machine_start(void) __attribute__((noreturn));
void machine_fatal(u32 vector, const u32 *frame) __attribute__((noreturn));

#endif
