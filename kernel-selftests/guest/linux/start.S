/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entry of the program, and how it calls the kernel. */
	.text
	.globl	_start
_start:
	mov	x29, #0
	mov	x30, #0
	b	program_main

/* A system call: its number, then its arguments. */
	.globl	system_call
system_call:
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, x6
	svc	#0
	ret
