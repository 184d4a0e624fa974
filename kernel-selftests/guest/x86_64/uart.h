/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial line. */
#ifndef X86_64_UART_H
#define X86_64_UART_H

void uart_init(void);
void uart_interrupt(void);

#endif
