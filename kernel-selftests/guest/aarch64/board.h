/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the aarch64 guest call of each other. */
#ifndef BOARD_H
#define BOARD_H

#include "../machine.h"

#define read_register(name) ({ \
	u64 register_value; \
	asm volatile("mrs %0, " name : "=r"(register_value)); \
	register_value; \
})
#define write_register(name, value) \
	asm volatile("msr " name ", %0\n\tisb" : : "r"((u64)(value)) : "memory")

static inline void memory_barrier(void)
{
	asm volatile("dsb sy" : : : "memory");
}

static inline u64 mmio_read64(uintptr_t address)
{
	return *(volatile u64 *)address;
}

static inline void mmio_write64(uintptr_t address, u64 value)
{
	*(volatile u64 *)address = value;
}

/* Shared peripheral interrupts of the virt machine, as interrupt IDs. */
#define SPI(number)	(32 + (number))
#define IRQ_UART	SPI(1)
#define IRQ_PCI		SPI(3)		/* INTA to INTD */

#define FIRST_LPI	8192

/* devicetree.c */
struct pci_layout {
	u64 config;			/* ECAM */
	struct window narrow, wide;
};

/* Leaves the layout alone where the tree says nothing; true: there is an ITS. */
bool devicetree_read(struct pci_layout *layout);

/* uart.c */
void uart_init(void);
void uart_interrupt(void);

/* gic.c */
void gic_init(bool its);	/* its: the machine has one */
void gic_interrupt(void);

/* its.c: what only version 3 has */
void gicv3_wake(uintptr_t redistributor);
void its_init(uintptr_t redistributor);
void its_route(u16 address, u32 event, u16 slot, struct message *message);
void its_unroute(u16 address, u32 event);

/* board.c */
void machine_start(void) __attribute__((noreturn));
void machine_fatal(u64 vector, u64 syndrome, u64 link, u64 fault) __attribute__((noreturn));

#endif
