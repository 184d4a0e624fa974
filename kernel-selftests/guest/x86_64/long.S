/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XMM8 to XMM15, which only code of 64 bits sees: a processor goes there and back,
 * with interrupts off.  Manuals leave open what these registers hold after
 * that, and QEMU keeps them.  long_vectors_load(from, tables) and
 * long_vectors_store(to, tables): 128 bytes, and page tables that map the
 * guest to where it is.
 */
#define CR0_PAGING	0x80000000
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LONG	0x100
#define CODE		8
#define CODE_64		24

	.text
	.code32
	.globl	long_vectors_load
long_vectors_load:
	movl	$load, %edx
	jmp	enter

	.globl	long_vectors_store
long_vectors_store:
	movl	$store, %edx
enter:
	pushl	%ebx
	pushl	%esi
	movl	12(%esp), %esi
	movl	%edx, %ebx
	movl	%cr3, %eax		/* which is not used, and has something in it */
	pushl	%eax
	movl	20(%esp), %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LONG, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_PAGING, %eax
	movl	%eax, %cr0
	ljmpl	$CODE_64, $inside

	.code64
inside:
	movl	%esi, %esi		/* the upper halves are anything */
	movl	%ebx, %ebx
	jmp	*%rbx
load:
	movdqu	(%rsi), %xmm8
	movdqu	16(%rsi), %xmm9
	movdqu	32(%rsi), %xmm10
	movdqu	48(%rsi), %xmm11
	movdqu	64(%rsi), %xmm12
	movdqu	80(%rsi), %xmm13
	movdqu	96(%rsi), %xmm14
	movdqu	112(%rsi), %xmm15
	jmp	leave
store:
	movdqu	%xmm8, (%rsi)
	movdqu	%xmm9, 16(%rsi)
	movdqu	%xmm10, 32(%rsi)
	movdqu	%xmm11, 48(%rsi)
	movdqu	%xmm12, 64(%rsi)
	movdqu	%xmm13, 80(%rsi)
	movdqu	%xmm14, 96(%rsi)
	movdqu	%xmm15, 112(%rsi)
leave:
	ljmpl	*back(%rip)

	.code32
outside:
	movl	%cr0, %eax
	andl	$~CR0_PAGING, %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$~EFER_LONG, %eax
	wrmsr
	movl	%cr4, %eax
	andl	$~CR4_PAE, %eax
	movl	%eax, %cr4
	popl	%eax
	movl	%eax, %cr3
	popl	%esi
	popl	%ebx
	ret

	.balign	8
back:
	.long	outside
	.word	CODE

	.section .note.GNU-stack, "", @progbits
