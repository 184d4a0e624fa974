/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine as a whole. */
#ifndef X86_64_BOARD_H
#define X86_64_BOARD_H

/* From start.S, on the first processor and on the others. */
void machine_start(void) __attribute__((noreturn));
void machine_start_other(void) __attribute__((noreturn));

#endif
