/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the shared part of the guest needs of a machine: written once for each
 * architecture, in its folder.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "types.h"

#define MAX_SLOTS 8192
#define MAX_CPUS 4
#define MAX_LINES 4
#define MAX_REGISTERS 128

struct message {
	u64 address;
	u32 data;
};

struct window {
	u64 base, limit;	/* limit is the last byte; both 0: there is none */
};

const char *machine_architecture(void);
const char *machine_controller(void);	/* gicv2, gicv3-its, gicv3 (takes no MSI), apic */

void machine_put(char character);	/* to the serial line */

u32 machine_config_read(u16 address, u16 offset, unsigned int bytes);
void machine_config_write(u16 address, u16 offset, unsigned int bytes, u32 value);
struct window machine_ram(void);			/* of which what lies above ram_free is nobody's */
struct window machine_window(bool wide);	/* where BARs go; wide: those of 64 bits */

/* Interrupt numbers for messages; 0: the machine has no MSI controller. */
unsigned int machine_slots(void);
/* Can it be the first of `count` vectors of MSI? */
bool machine_slot_aligned(u16 slot, unsigned int count);
/*
 * The message with which event `event` of a device raises `slot` on processor
 * `cpu`.  Of the events of MSI the device sends the first one's data plus its
 * vector.
 */
void machine_route(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message);
/* The same event and slot, from now on for `cpu`; the message may be another one. */
void machine_reroute(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message);
void machine_unroute(u16 address, u32 event, u16 slot);
/* Does the message say which processor it is for, so that MSI's vectors are all for the same? */
bool machine_message_has_cpu(void);
unsigned int machine_line(u16 address, u8 pin);	/* for interrupt_line() */
void machine_route_line(unsigned int line, unsigned int cpu);

void machine_ticks(u64 *ticks, u32 *hertz);
void machine_timer(u32 microseconds);	/* of this processor, anew: timer_fired() once, after so long */

/* Processors have numbers from 0 on; the first one starts the others. */
unsigned int machine_cpus(void);		/* at most MAX_CPUS */
unsigned int machine_cpu(void);			/* the one that asks */
void machine_start_cpu(unsigned int cpu);	/* it initialises itself, then cpu_main() */
void machine_call(unsigned int cpu);		/* cpu_called() on that one, after all other interrupts */
void machine_wake(unsigned int cpu);		/* an interrupt that does nothing and waits for nothing */
void machine_take_all(bool all);		/* or only machine_wake(); the others wait for this processor */
void machine_relax(void);			/* while it waits for another one */

/*
 * Registers of interrupt controllers that keep what they are set to, by numbers
 * from 0 on; false: there are no more.  Only by the first processor.
 */
struct controller_register {
	const char *name;
	u32 index;		/* of those with this name */
	u32 value;
};

bool machine_controller_register(u32 number, struct controller_register *found);
/*
 * Gives the controller as many commands as go once round its queue, if it has one:
 * all have been read by it, or it stands still at `read`.
 */
bool machine_commands_are_read(u32 *written, u32 *read);

/*
 * Registers of this processor that no code of the guest uses, by numbers from 0 on;
 * NULL: there are no more.  Some bits keep what they have.  `values` is aligned to 16
 * bytes.
 */
const char *machine_register_name(u32 number);
void machine_registers_read(u64 *values);
void machine_registers_write(const u64 *values);

/* Interrupts of the processor. */
bool machine_irq_save(void);			/* off; says whether they were on */
void machine_irq_restore(bool on);
/* Called with them off: turns them on, waits for one, returns with them off. */
void machine_sleep(void);
void machine_halt(void) __attribute__((noreturn));
void machine_flush_tlb(void);

static inline u32 mmio_read32(uintptr_t address)
{
	return *(volatile u32 *)address;
}

static inline void mmio_write32(uintptr_t address, u32 value)
{
	*(volatile u32 *)address = value;
}

#endif
