/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of the aarch64 guest and its exception vectors.  QEMU's virt machine
 * enters at EL1 with the MMU off, which stays so: there is nothing to protect,
 * and under TCG memory is coherent.
 */
	.section .text.start, "ax"
	.globl _start
_start:
	msr	daifset, #15
	adrp	x0, stack_top
	add	x0, x0, :lo12:stack_top
	mov	sp, x0
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	isb
	bl	machine_start
3:	wfi
	b	3b

/* Entry of the other processors; x0 is their number, from 1 on. Each has a quarter of the stack. */
	.globl	start_other
start_other:
	msr	daifset, #15
	adrp	x1, stack_top
	add	x1, x1, :lo12:stack_top
	sub	x1, x1, x0, lsl #14
	mov	sp, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	isb
	bl	machine_start_other

	.macro	vector number
	.balign	128
	stp	x0, x1, [sp, #-16]!
	mov	x0, #\number
	b	fatal
	.endm

	.macro	interrupt_vector
	.balign	128
	sub	sp, sp, #192
	stp	x0, x1, [sp]
	b	interrupt_entry
	.endm

	.text
	.balign	2048
vectors:
	vector	0
	vector	1
	vector	2
	vector	3
	vector	4
	interrupt_vector
	vector	6
	vector	7
	vector	8
	vector	9
	vector	10
	vector	11
	vector	12
	vector	13
	vector	14
	vector	15

/* Registers that a called function may change, and where the interrupt came from. */
interrupt_entry:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x29, [sp, #144]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x30, x0, [sp, #160]
	str	x1, [sp, #176]
	bl	gic_interrupt
	ldp	x30, x0, [sp, #160]
	ldr	x1, [sp, #176]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	ldp	x18, x29, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #192
	eret

fatal:
	mrs	x1, esr_el1
	mrs	x2, elr_el1
	mrs	x3, far_el1
	bl	machine_fatal

	.section .note.GNU-stack, "", %progbits
