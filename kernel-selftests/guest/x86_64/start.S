/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of the x86 guest, which is the machine's firmware: from the reset
 * vector in real mode (the other processors: from the image's beginning, as it is
 * seen below 1 MiB) into flat 32-bit protected mode (all that the lab needs
 * lies below 4 GiB), and the entries of the interrupt table.
 */
	.section .reset, "ax"
	.code16
	.globl reset_vector
reset_vector:
	jmp	real_mode
	.balign	16, 0

	.section .text.start, "ax"
image_start:
real_mode:
	cli
	cld
	lgdtl	%cs:descriptor_pointer - image_start
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$8, $protected_mode

	.code32
protected_mode:
	movw	$16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movl	$0x1b, %ecx		/* is this the first processor? */
	rdmsr
	testl	$0x100, %eax
	jz	other
	movl	$stack_top, %esp
	inb	$0x92, %al		/* address line 20 on: data lie in an odd MiB */
	orb	$2, %al
	andb	$0xfe, %al
	outb	%al, $0x92
	movl	$data_image, %esi
	movl	$data_start, %edi
	movl	$data_bytes, %ecx
	rep movsb
	movl	$bss_start, %edi
	movl	$bss_words, %ecx
	xorl	%eax, %eax
	rep stosl
	call	machine_start
1:	hlt
	jmp	1b

/* Each of the others has a quarter of the stack, by the number of its APIC. */
other:
	movl	0xfee00020, %eax
	shrl	$24, %eax
	shll	$14, %eax
	movl	$stack_top, %esp
	subl	%eax, %esp
	call	machine_start_other

	.balign	8
descriptors:
	.quad	0
	.quad	0x00cf9b000000ffff	/* code, 4 GiB */
	.quad	0x00cf93000000ffff	/* data, 4 GiB */
	.quad	0x00af9b000000ffff	/* code of 64 bits, for long.S */
descriptor_pointer:
	.word	. - descriptors - 1
	.long	descriptors

/* 256 entries of equal size; some exceptions have pushed an error code below. */
	.text
	.balign	16
	.globl interrupt_entries
interrupt_entries:
	.set	number, 0
	.rept	256
	.balign	16
	pushl	$number
	jmp	interrupt_common
	.set	number, number + 1
	.endr

interrupt_common:
	cld
	pushal
	movl	32(%esp), %eax		/* the number, above eight registers */
	leal	36(%esp), %edx
	movl	%esp, %ebx
	subl	$8, %esp
	andl	$-16, %esp		/* as compiled code expects it at a call */
	movl	%eax, (%esp)
	movl	%edx, 4(%esp)
	call	apic_interrupt
	movl	%ebx, %esp
	popal
	addl	$4, %esp
	iret

	.section .note.GNU-stack, "", @progbits
