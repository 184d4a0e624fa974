// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's q35 machine: what starts it. */
#include "board.h"

#include "../machine.h"
#include "../protocol.h"
#include "apic.h"
#include "clock.h"
#include "uart.h"

const char *machine_architecture(void)
{
	return "x86_64";
}

void machine_start(void)
{
	uart_init();
	apic_init();
	clock_init();
	guest_main();
	machine_halt();
}
