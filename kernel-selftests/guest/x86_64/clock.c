// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest time on a PC.  A QEMU with few devices has no HPET, so it is the
 * processor's time stamp counter, measured once at boot by the timer of the
 * ICH9's power management, which is always there.
 */
#include "clock.h"

#include "../machine.h"
#include "ports.h"

#define BRIDGE			(0x1f << 3)	/* the ICH9's LPC bridge, 00:1f.0 */
#define BRIDGE_PM_BASE		0x40
#define BRIDGE_PM_CONTROL	0x44
#define PM_BASE			0x600
#define PM_IO			0x1
#define PM_ENABLE		0x80
#define PM_TIMER		(PM_BASE + 8)
#define PM_TIMER_MASK		0xffffff
#define PM_TIMER_HERTZ		3579545u

#define MEASURED		(PM_TIMER_HERTZ / 200)	/* 5 ms */
#define CLOSE			72	/* 20 us: only the counter was read between two reads */
#define TRIES			1000

/* So that its frequency fits into 32 bits. */
#define COUNTER_SHIFT		4

static u32 frequency;

static u64 read_counter(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return ((u64)high << 32 | low) >> COUNTER_SHIFT;
}

/* Both at the same time, as far as the host lets this processor run. */
static u32 read_both(u64 *counter)
{
	u32 before = 0, tries;

	for (tries = 0; tries < TRIES; tries++) {
		before = in32(PM_TIMER);
		*counter = read_counter();
		if (((in32(PM_TIMER) - before) & PM_TIMER_MASK) < CLOSE)
			break;
	}
	return before;
}

/* The quotient must fit into 32 bits, which it does: it is a frequency of some 100 MHz. */
static u32 divide(u64 value, u32 by)
{
	u32 quotient, rest;

	asm("divl %4" : "=a"(quotient), "=d"(rest)
	    : "a"((u32)value), "d"((u32)(value >> 32)), "r"(by) : "cc");
	return quotient;
}

void clock_init(void)
{
	u64 first, last;
	u32 start, elapsed;

	machine_config_write(BRIDGE, BRIDGE_PM_BASE, 4, PM_BASE | PM_IO);
	machine_config_write(BRIDGE, BRIDGE_PM_CONTROL, 1, PM_ENABLE);
	start = read_both(&first);
	do {
		elapsed = (read_both(&last) - start) & PM_TIMER_MASK;
	} while (elapsed < MEASURED);
	frequency = divide((last - first) * PM_TIMER_HERTZ, elapsed);
}

void machine_ticks(u64 *ticks, u32 *hertz)
{
	*ticks = read_counter();
	*hertz = frequency;
}
