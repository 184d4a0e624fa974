// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The interrupt controller of the virt machine, chosen at run time: GICv2 with
 * a v2m frame (64 interrupts for messages), or GICv3 with or without an ITS.
 */
#include "gic.h"

#include "../cpu.h"
#include "../interrupt.h"
#include "../machine.h"
#include "../timer.h"
#include "gic_registers.h"
#include "its.h"
#include "processor.h"
#include "uart.h"

/* Shared peripheral interrupts of the virt machine, as interrupt IDs. */
#define SPI(number)	(32 + (number))
#define IRQ_CALL	0		/* software-generated, from one processor to another */
#define IRQ_WAKE	1
#define IRQ_TIMER	27		/* the virtual one of each processor */
#define IRQ_UART	SPI(1)
#define IRQ_PCI		SPI(3)		/* INTA to INTD */

#define PRIORITIES		0x80808080
#define PRIORITIES_CALLS	0xf0f010f0	/* a call comes after all others, a wake before them */
#define PRIORITY_ALL		0xff
#define PRIORITY_WAKE		0x20	/* only what is above */
#define OWN_INTERRUPTS		(1u << IRQ_CALL | 1u << IRQ_WAKE | 1u << IRQ_TIMER)
#define TARGET_CPU0		0x01010101

#define V2M			0x08020000
#define V2M_TYPER		(V2M + 0x008)
#define V2M_SETSPI		(V2M + 0x040)

#define INTERRUPT_MASK		0x00ffffff
#define FIRST_SPECIAL		1020
#define LAST_SPECIAL		1023

#define ICC_PMR_EL1		"s3_0_c4_c6_0"
#define ICC_IAR1_EL1		"s3_0_c12_c12_0"
#define ICC_EOIR1_EL1		"s3_0_c12_c12_1"
#define ICC_SGI1R_EL1		"s3_0_c12_c11_5"
#define ICC_SRE_EL1		"s3_0_c12_c12_5"
#define ICC_IGRPEN1_EL1		"s3_0_c12_c12_7"

enum gic gic_version;
static u32 first_message, message_count;	/* interrupt IDs of v2m */

/* Edge or level is a field of two bits for each interrupt; messages are edges. */
static void set_edge(u32 interrupt)
{
	uintptr_t address = GICD_ICFGR + interrupt / 16 * 4;

	mmio_write32(address, mmio_read32(address) | 2u << interrupt % 16 * 2);
}

static void enable(u32 interrupt)
{
	mmio_write32(GICD_ISENABLER + interrupt / 32 * 4, 1u << interrupt % 32);
}

static void init_distributor(void)
{
	u32 interrupts = 32 * ((mmio_read32(GICD_TYPER) & 31) + 1), interrupt;

	mmio_write32(GICD_CTLR, 0);
	if (gic_version != GICV2)	/* routing must be on before the rest is written */
		mmio_write32(GICD_CTLR, GICD_V3_ENABLE);
	for (interrupt = 32; interrupt < interrupts; interrupt += 4) {
		mmio_write32(GICD_IPRIORITYR + interrupt, PRIORITIES);
		if (gic_version == GICV2)
			mmio_write32(GICD_ITARGETSR + interrupt, TARGET_CPU0);
		else if (interrupt % 32 == 0)
			mmio_write32(GICD_IGROUPR + interrupt / 8, 0xffffffff);
	}
	if (gic_version == GICV2)
		mmio_write32(GICD_CTLR, GICD_V2_ENABLE);
	for (interrupt = 0; interrupt < 4; interrupt++)
		enable(IRQ_PCI + interrupt);
	enable(IRQ_UART);
}

static void init_v2m(void)
{
	u32 type = mmio_read32(V2M_TYPER), i;

	first_message = type >> 16 & 0x3ff;
	message_count = type & 0x3ff;
	for (i = 0; i < message_count; i++) {
		set_edge(first_message + i);
		enable(first_message + i);
	}
}

/* Registers of a processor's own interrupts, which only it sees. */
static void init_cpu_v2(void)
{
	mmio_write32(GICD_IPRIORITYR, PRIORITIES_CALLS);
	mmio_write32(GICD_IPRIORITYR + IRQ_TIMER / 4 * 4, PRIORITIES);
	mmio_write32(GICD_ISENABLER, OWN_INTERRUPTS);
	mmio_write32(GICC_PMR, PRIORITY_ALL);
	mmio_write32(GICC_CTLR, 1);
}

static void init_redistributor(uintptr_t redistributor)
{
	gicv3_wake(redistributor);
	mmio_write32(redistributor + GICR_IGROUPR, 0xffffffff);
	mmio_write32(redistributor + GICR_IPRIORITYR, PRIORITIES_CALLS);
	mmio_write32(redistributor + GICR_IPRIORITYR + IRQ_TIMER / 4 * 4, PRIORITIES);
	mmio_write32(redistributor + GICR_ISENABLER, OWN_INTERRUPTS);
}

static void init_cpu_v3(void)
{
	write_register(ICC_SRE_EL1, 7);
	write_register(ICC_PMR_EL1, PRIORITY_ALL);
	write_register(ICC_IGRPEN1_EL1, 1);
}

void gic_init_cpu(void)
{
	if (gic_version == GICV2)
		init_cpu_v2();
	else
		init_cpu_v3();
}

void gic_init(bool its)
{
	unsigned int cpu;

	if (read_register("id_aa64pfr0_el1") >> 24 & 15)
		gic_version = GICV3;
	init_distributor();
	if (gic_version == GICV2)
		init_v2m();
	else
		for (cpu = 0; cpu < machine_cpus(); cpu++)
			init_redistributor(REDISTRIBUTOR + cpu * REDISTRIBUTOR_BYTES);
	if (gic_version == GICV3 && its && mmio_read32(GICD_TYPER) & GICD_TYPER_LPIS) {
		its_init(REDISTRIBUTOR);
		gic_version = GICV3_ITS;
	}
	gic_init_cpu();
}

static void take_timer(void)
{
	timer_stop();
	timer_fired();
}

static void dispatch(u32 interrupt)
{
	if (interrupt >= FIRST_LPI)
		interrupt_message(interrupt - FIRST_LPI);
	else if (interrupt - first_message < message_count)
		interrupt_message(interrupt - first_message);
	else if (interrupt - IRQ_PCI < 4)
		interrupt_line(interrupt - IRQ_PCI);
	else if (interrupt == IRQ_UART)
		uart_interrupt();
	else if (interrupt == IRQ_CALL)
		cpu_called();
	else if (interrupt == IRQ_WAKE)
		return;
	else if (interrupt == IRQ_TIMER)
		take_timer();
	else
		interrupt_unexpected();
}

/* Called with interrupts off; takes all that are waiting. */
void gic_interrupt(void)
{
	for (;;) {
		u32 value = gic_version == GICV2 ? mmio_read32(GICC_IAR) : read_register(ICC_IAR1_EL1);
		u32 interrupt = value & INTERRUPT_MASK;

		if (gic_version == GICV2)
			interrupt &= 0x3ff;
		if (interrupt >= FIRST_SPECIAL && interrupt <= LAST_SPECIAL)
			return;
		memory_barrier();
		dispatch(interrupt);
		memory_barrier();
		if (gic_version == GICV2)
			mmio_write32(GICC_EOIR, value);
		else
			write_register(ICC_EOIR1_EL1, value);
	}
}

const char *machine_controller(void)
{
	static const char *const names[] = {
		[GICV2] = "gicv2", [GICV3] = "gicv3", [GICV3_ITS] = "gicv3-its",
	};

	return names[gic_version];
}

unsigned int machine_slots(void)
{
	return gic_version == GICV2 ? message_count : gic_version == GICV3_ITS ? MAX_SLOTS : 0;
}

/* MSI puts its vector into the lower bits of the data: v2m's interrupt, the ITS' event. */
bool machine_slot_aligned(u16 slot, unsigned int count)
{
	return gic_version == GICV3_ITS || (first_message + slot) % count == 0;
}

static void route_shared(u32 interrupt, unsigned int cpu)
{
	if (gic_version == GICV2)
		*(volatile u8 *)(uintptr_t)(GICD_ITARGETSR + interrupt) = 1u << cpu;
	else	/* by affinity, which counts the processors */
		mmio_write64(GICD_IROUTER + 8ul * interrupt, cpu);
}

void machine_route(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message)
{
	if (gic_version == GICV3_ITS)
		its_route(address, event, slot, cpu, message);
	else
		machine_reroute(address, event, slot, cpu, message);
}

void machine_reroute(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message)
{
	if (gic_version == GICV3_ITS) {
		its_reroute(address, event, cpu, message);
		return;
	}
	route_shared(first_message + slot, cpu);
	message->address = V2M_SETSPI;
	message->data = first_message + slot;
}

bool machine_message_has_cpu(void)
{
	return false;
}

void machine_route_line(unsigned int line, unsigned int cpu)
{
	route_shared(IRQ_PCI + line, cpu);
}

static void signal_cpu(unsigned int cpu, u32 interrupt)
{
	memory_barrier();	/* what is told by it is there */
	if (gic_version == GICV2)
		mmio_write32(GICD_SGIR, 1u << (16 + cpu) | interrupt);
	else
		write_register(ICC_SGI1R_EL1, 1u << cpu | interrupt << 24);
}

void machine_call(unsigned int cpu)
{
	signal_cpu(cpu, IRQ_CALL);
}

void machine_wake(unsigned int cpu)
{
	signal_cpu(cpu, IRQ_WAKE);
}

void machine_take_all(bool all)
{
	u32 priority = all ? PRIORITY_ALL : PRIORITY_WAKE;

	if (gic_version == GICV2)
		mmio_write32(GICC_PMR, priority);
	else
		write_register(ICC_PMR_EL1, priority);
}

void machine_unroute(u16 address, u32 event, u16 slot)
{
	(void)slot;
	if (gic_version == GICV3_ITS)
		its_unroute(address, event);
}
