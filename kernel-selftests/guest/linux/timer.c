// SPDX-License-Identifier: GPL-2.0-or-later
/* Timers of Linux, which it serves by those of the processor. */
#include "../timer.h"

#include "../machine.h"
#include "system.h"

#define LONG_MS		150
#define SHORT_MS	2
#define PATIENCE_MS	2000

static int timer = -1;
static bool running;
static u64 due;	/* in ticks */

static u64 now_and(u32 *hertz)
{
	u64 ticks;

	machine_ticks(&ticks, hertz);
	return ticks;
}

static void start(u32 milliseconds)
{
	u32 hertz;

	if (timer < 0)
		timer = system_timer();
	due = now_and(&hertz) + (u64)milliseconds * (hertz / 1000);
	running = true;
	system_start_timer(timer, milliseconds);
}

/* Asked and not waited for: a kernel whose timers are silent would wait for ever. */
static u32 silent_for(u64 from)
{
	u64 expirations, now;
	u32 hertz;

	while (running) {
		running = system_read(timer, &expirations, sizeof(expirations)) != sizeof(expirations);
		now = now_and(&hertz);
		if (!running || now < from)
			return 0;
		if (now - from > (u64)PATIENCE_MS * (hertz / 1000))
			return (u32)((now - from) >> 10) / (hertz >> 10) * 1000;
	}
	return 0;
}

static u32 try_short(void)
{
	u32 hertz;

	start(SHORT_MS);
	while (now_and(&hertz) < due)
		;
	return silent_for(due);
}

bool timers_silent(struct silent_timer *which)
{
	which->cpu = 0;
	which->milliseconds = silent_for(due);
	if (!which->milliseconds && !running) {
		which->milliseconds = try_short();
		if (!which->milliseconds)
			start(LONG_MS);
	}
	return which->milliseconds;
}
