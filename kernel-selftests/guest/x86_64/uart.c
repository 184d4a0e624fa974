// SPDX-License-Identifier: GPL-2.0-or-later
/* The first serial port of a PC, a 16550. */
#include "uart.h"

#include "../machine.h"
#include "../serial.h"
#include "ports.h"

#define PORT			0x3f8
#define DATA			(PORT + 0)
#define ENABLE			(PORT + 1)
#define IDENTIFICATION		(PORT + 2)	/* when read */
#define FIFO_CONTROL		(PORT + 2)	/* when written */
#define LINE_CONTROL		(PORT + 3)
#define MODEM_CONTROL		(PORT + 4)
#define LINE_STATUS		(PORT + 5)
#define ENABLE_INPUT		0x01
#define FIFO_ON_AND_CLEAR	0x07
#define LINE_8_BITS		0x03
#define MODEM_INTERRUPT		0x0b		/* OUT2 (enables interrupts), DTR, RTS */
#define STATUS_INPUT		0x01
#define STATUS_SENT		0x20
#define NOTHING_PENDING		0x01

void uart_init(void)
{
	out8(LINE_CONTROL, LINE_8_BITS);
	out8(FIFO_CONTROL, FIFO_ON_AND_CLEAR);
	out8(MODEM_CONTROL, MODEM_INTERRUPT);
	out8(ENABLE, ENABLE_INPUT);
}

/* Edge-triggered: the source must be deasserted, or there is no further interrupt. */
void uart_interrupt(void)
{
	while (!(in8(IDENTIFICATION) & NOTHING_PENDING))
		while (in8(LINE_STATUS) & STATUS_INPUT)
			serial_received(in8(DATA));
}

void machine_put(char character)
{
	while (!(in8(LINE_STATUS) & STATUS_SENT))
		;
	out8(DATA, character);
}
