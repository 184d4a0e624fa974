/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare-metal guest of the preload lab: what its parts call of each other.
 * One processor, no memory management, one thread (the serial protocol) and
 * interrupts.  Each architecture's folder fills in machine.h.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define MAX_DEVICES	8
#define MAX_VECTORS	2048	/* of one device: what the MSI-X capability can express */
#define MAX_MSI		32
#define MAX_RING_PAGES	64
#define PAGE_SIZE	4096u

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* text.c: output by the serial line, and reading of commands */
void print(const char *text);
void print_unsigned(u64 value);
void print_hex(u64 value);
void print_field(const char *name, u64 value);	/* " name=value" */
bool same_text(const char *one, const char *other);
bool parse_unsigned(const char *text, u32 *value);
unsigned int split_words(char *line, char **words, unsigned int limit);

/* pci.c: configuration space; `address` is bus << 8 | device << 3 | function */
#define PCI_COMMAND		0x04
#define PCI_COMMAND_MEMORY	0x0002
#define PCI_COMMAND_MASTER	0x0004
#define PCI_COMMAND_INTX_OFF	0x0400
#define PCI_BAR0		0x10
#define PCI_CAPABILITY_MSI	0x05
#define PCI_CAPABILITY_MSIX	0x11

struct bars {
	u64 address[6];
	u32 size[6];	/* 0: no such BAR, or the upper half of a 64-bit one */
	bool wide[6];
};

void pci_assign_bars(u16 address, struct bars *bars);
void pci_write_bars(u16 address, const struct bars *bars);
u8 pci_find_capability(u16 address, u8 id);	/* its offset, 0: none */
void pci_command(u16 address, u16 clear, u16 set);

/* device.c: the driver of the emulated device */
enum kind { KIND_NONE, KIND_INTX, KIND_MSI, KIND_MSIX };

struct device {
	u16 address;
	u8 msi, msix;			/* offsets of capabilities */
	u8 pin;				/* 1..4, 0: no INTx */
	u8 line;			/* what machine_line() says of it */
	u16 msi_count, msix_count;
	struct bars bars;
	uintptr_t registers, memory, table;
	enum kind kind;
	u32 vectors;			/* how many are set up */
	bool filled;
	u32 fill_seed;
	u32 ring_pages;
	u64 handled;
	u32 count[MAX_VECTORS];		/* interrupts handled */
	u16 slot[MAX_VECTORS];		/* interrupt number of each vector, see interrupt.c */
	bool moved[MAX_VECTORS];	/* which of its two events a vector uses */
	bool masked[MAX_VECTORS];
};

struct check_result {
	u32 stale, corrupt;
	const char *memory, *state;
};

extern struct device devices[MAX_DEVICES];
extern unsigned int device_count;

u32 device_read(const struct device *device, u32 offset);
void device_write(const struct device *device, u32 offset, u32 value);
void device_find_all(void);
const char *device_ring(struct device *device, u32 pages);	/* NULL, or what is wrong */
void device_fill(struct device *device, u32 seed);
void device_check(struct device *device, struct check_result *result);
const char *device_reset(struct device *device);

#define REGISTER_ID		0x000
#define REGISTER_STATUS		0x00c
#define REGISTER_RAISE		0x010
#define REGISTER_ACK		0x014
#define REGISTER_INTX		0x018
#define REGISTER_RAISED		0x01c
#define REGISTER_ACKED		0x020
#define REGISTER_SPURIOUS	0x024
#define REGISTER_RING_LOW	0x028
#define REGISTER_RING_HIGH	0x02c
#define REGISTER_RING_PAGES	0x030
#define REGISTER_KICK		0x034
#define REGISTER_SELECT		0x038
#define REGISTER_SEQUENCE	0x03c
#define REGISTER_SEED		0x040
#define REGISTER_RESET		0x044
#define REGISTER_MEMORY_SUM	0x048
#define REGISTER_PENDING	0x100

/* message.c: programming of MSI, MSI-X and INTx of a device */
const char *irq_setup(struct device *device, enum kind kind, u32 vectors);
const char *irq_mask(struct device *device, u32 vector, bool masked);
const char *irq_move(struct device *device, u32 vector);

/* interrupt.c: which interrupt number of the machine belongs to which vectors */
#define NO_SLOT 0xffff
extern u32 unexpected_interrupts;
/* The first of `count` neighbours, which may have users if none are free. */
u16 slot_take(unsigned int count, u16 avoid);
void slot_bind(u16 slot, struct device *device, u32 vector);
void slot_release(u16 slot, struct device *device, u32 vector);
void interrupt_message(unsigned int slot);
void interrupt_line(unsigned int line);

/* serial.c: buffered input */
void serial_received(char character);	/* by the interrupt handler */
/* Sleeps until a whole line is there; it is made empty if it was too long. */
void serial_line(char *line, size_t bytes);

/* memory.c says what it is for */
void memory_show(void);				/* before sleep, with interrupts off */
void memory_show_pages(volatile void *pages, u32 count);

/* protocol.c */
void guest_main(void);

#endif
