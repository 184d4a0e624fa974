// SPDX-License-Identifier: GPL-2.0-or-later
/* The PL011 of the virt machine. */
#include "uart.h"

#include "../machine.h"
#include "../serial.h"

#define UART		0x09000000
#define UART_DATA	(UART + 0x00)
#define UART_FLAGS	(UART + 0x18)
#define UART_LINE	(UART + 0x2c)
#define UART_CONTROL	(UART + 0x30)
#define UART_MASK	(UART + 0x38)
#define UART_CLEAR	(UART + 0x44)
#define FLAG_NO_INPUT	0x10
#define FLAG_FULL	0x20
#define LINE_8_BITS	0x60
#define LINE_FIFO	0x10
#define CONTROL_ON	0x301	/* transmit, receive, enable */
#define INTERRUPT_INPUT	0x50	/* receive and its timeout */

void uart_init(void)
{
	mmio_write32(UART_CONTROL, 0);
	mmio_write32(UART_LINE, LINE_8_BITS | LINE_FIFO);
	mmio_write32(UART_MASK, INTERRUPT_INPUT);
	mmio_write32(UART_CONTROL, CONTROL_ON);
}

void uart_interrupt(void)
{
	mmio_write32(UART_CLEAR, INTERRUPT_INPUT);
	while (!(mmio_read32(UART_FLAGS) & FLAG_NO_INPUT))
		serial_received(mmio_read32(UART_DATA));
}

void machine_put(char character)
{
	while (mmio_read32(UART_FLAGS) & FLAG_FULL)
		;
	mmio_write32(UART_DATA, character);
}
