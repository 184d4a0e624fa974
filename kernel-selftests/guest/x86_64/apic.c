// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts of a PC: the table of the processors, their local APICs, which take
 * messages and start the others, and the IOAPIC, to which the serial line and PCI's lines go.
 */
#include "apic.h"

#include "../cpu.h"
#include "../interrupt.h"
#include "../machine.h"
#include "../timer.h"
#include "ports.h"
#include "processor.h"
#include "uart.h"

#define LOCAL_APIC		0xfee00000
#define APIC_ID			(LOCAL_APIC + 0x020)
#define APIC_TASK_PRIORITY	(LOCAL_APIC + 0x080)
#define APIC_END		(LOCAL_APIC + 0x0b0)
#define APIC_SPURIOUS		(LOCAL_APIC + 0x0f0)
#define APIC_COMMAND		(LOCAL_APIC + 0x300)
#define APIC_COMMAND_TARGET	(LOCAL_APIC + 0x310)
#define APIC_TIMER		(LOCAL_APIC + 0x320)
#define APIC_THERMAL		(LOCAL_APIC + 0x330)	/* performance, LINT0 and LINT1 follow */
#define APIC_ERROR		(LOCAL_APIC + 0x370)
#define APIC_LOGICAL_ID		(LOCAL_APIC + 0x0d0)
#define APIC_TIMER_COUNT	(LOCAL_APIC + 0x380)
#define APIC_TIMER_DIVIDE	(LOCAL_APIC + 0x3e0)
#define DIVIDE_BY_1		0xb
#define COUNTS_IN_US		1000	/* QEMU counts nanoseconds */
#define APIC_ON			0x100
#define APIC_MASKED		0x10000
#define COMMAND_FIXED		0x4000
#define COMMAND_INIT		0x4500
#define COMMAND_STARTUP		0x4600
#define CPU_SHIFT		24	/* in the APIC's registers and the IOAPIC's */
#define MESSAGE_CPU_SHIFT	12	/* in the address of a message */

#define IO_APIC_INDEX		0xfec00000
#define IO_APIC_DATA		0xfec00010
#define IO_APIC_REDIRECTION	0x10
#define IO_APIC_PINS		24
#define LEVEL_LOW		0xa000

#define PIN_UART		4
#define PIN_PCI			16	/* PIRQA to PIRQH of the ICH9 */
#define PCI_PINS		8

#define VECTOR_CALL		0x20	/* the least of all, and so the last */
#define VECTOR_UART		0x21
#define VECTOR_PCI		0x22
#define VECTOR_TIMER		0x23
#define VECTOR_MESSAGES		0x28
#define MESSAGES		200
#define VECTOR_NOTHING		0x24	/* of interrupts that are masked */
#define VECTOR_WAKE		0xf0	/* above all others */
#define PRIORITY_WAKE		0xe0	/* keeps away all below */
#define VECTOR_SPURIOUS		0xff
#define EXCEPTIONS		32

#define IMAGE_PAGE		0xf0

#define CODE_SELECTOR		8
#define GATE_INTERRUPT		0x8e00
#define ENTRY_BYTES		16

extern const u8 interrupt_entries[];

static struct gate {
	u16 low, selector, type, high;
} gates[256];

static void init_table(void)
{
	int i;

	for (i = 0; i < 256; i++) {
		u32 entry = (u32)interrupt_entries + i * ENTRY_BYTES;

		gates[i].low = entry;
		gates[i].selector = CODE_SELECTOR;
		gates[i].type = GATE_INTERRUPT;
		gates[i].high = entry >> 16;
	}
}

static void load_table(void)
{
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) pointer = { sizeof(gates) - 1, (u32)gates };

	asm volatile("lidt %0" : : "m"(pointer), "m"(gates));
}

#define LVT_DELIVERED		0x1000	/* bits that show the moment: sent, answered */
#define LVT_ANSWERED		0x4000

static const struct {
	const char *name;
	u16 offset;
} local_registers[APIC_REGISTERS] = {
	{ "APIC_ID", 0x020 },
	{ "APIC_TPR", 0x080 },
	{ "APIC_LDR", 0x0d0 },
	{ "APIC_DFR", 0x0e0 },
	{ "APIC_SVR", 0x0f0 },
	{ "APIC_LVT_TIMER", 0x320 },
	{ "APIC_LVT_THERMAL", 0x330 },
	{ "APIC_LVT_PERFORMANCE", 0x340 },
	{ "APIC_LVT_LINT0", 0x350 },
	{ "APIC_LVT_LINT1", 0x360 },
	{ "APIC_LVT_ERROR", 0x370 },
	{ "APIC_TIMER_DIVIDE", 0x3e0 },
};

const char *apic_register_name(u32 number)
{
	return local_registers[number].name;
}

u32 apic_register(u32 number)
{
	return mmio_read32(LOCAL_APIC + local_registers[number].offset) & ~(u32)(LVT_DELIVERED | LVT_ANSWERED);
}

bool machine_controller_register(u32 number, struct controller_register *found)
{
	if (number >= 2 * IO_APIC_PINS)
		return false;
	mmio_write32(IO_APIC_INDEX, IO_APIC_REDIRECTION + number);
	found->name = "IOREDTBL";
	found->index = number;
	found->value = mmio_read32(IO_APIC_DATA);
	if (number % 2 == 0)
		found->value &= ~(u32)(LVT_DELIVERED | LVT_ANSWERED);
	return true;
}

/* Its commands are writes to registers. */
bool machine_commands_are_read(u32 *written, u32 *read)
{
	(void)written;
	(void)read;
	return true;
}

static void redirect(u32 pin, u32 value, unsigned int cpu)
{
	mmio_write32(IO_APIC_INDEX, IO_APIC_REDIRECTION + 2 * pin + 1);
	mmio_write32(IO_APIC_DATA, cpu << CPU_SHIFT);
	mmio_write32(IO_APIC_INDEX, IO_APIC_REDIRECTION + 2 * pin);
	mmio_write32(IO_APIC_DATA, value);
}

void machine_route_line(unsigned int line, unsigned int cpu)
{
	u32 pin;

	(void)line;
	for (pin = 0; pin < PCI_PINS; pin++)
		redirect(PIN_PCI + pin, LEVEL_LOW | VECTOR_PCI, cpu);
}

void apic_init_cpu(void)
{
	u32 entry;

	load_table();
	for (entry = APIC_THERMAL; entry <= APIC_ERROR; entry += 0x10)	/* as after no reset */
		mmio_write32(entry, APIC_MASKED | VECTOR_NOTHING);
	mmio_write32(APIC_LOGICAL_ID, (machine_cpu() + 1) << CPU_SHIFT);
	mmio_write32(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	mmio_write32(APIC_TASK_PRIORITY, 0);
	mmio_write32(APIC_SPURIOUS, APIC_ON | VECTOR_SPURIOUS);
	mmio_write32(APIC_TIMER, VECTOR_TIMER);	/* once, whenever a count is written */
}

void apic_init(void)
{
	init_table();
	out8(0x21, 0xff);	/* mask all of the two 8259 controllers */
	out8(0xa1, 0xff);
	apic_init_cpu();
	redirect(PIN_UART, VECTOR_UART, 0);
	machine_route_line(0, 0);
}

/* Processors are known by the numbers of their APICs, which count as long as there are few. */
unsigned int machine_cpu(void)
{
	return mmio_read32(APIC_ID) >> CPU_SHIFT;
}

void machine_timer(u32 microseconds)
{
	mmio_write32(APIC_TIMER_COUNT, microseconds * COUNTS_IN_US);
}

static void send_command(unsigned int cpu, u32 command)
{
	mmio_write32(APIC_COMMAND_TARGET, cpu << CPU_SHIFT);
	mmio_write32(APIC_COMMAND, command);
}

void machine_call(unsigned int cpu)
{
	send_command(cpu, COMMAND_FIXED | VECTOR_CALL);
}

void machine_wake(unsigned int cpu)
{
	send_command(cpu, COMMAND_FIXED | VECTOR_WAKE);
}

void machine_take_all(bool all)
{
	mmio_write32(APIC_TASK_PRIORITY, all ? 0 : PRIORITY_WAKE);
}

/* It begins in real mode at a page below 1 MiB, where the machine shows the end of its firmware: this image. */
void machine_start_cpu(unsigned int cpu)
{
	send_command(cpu, COMMAND_INIT);
	send_command(cpu, COMMAND_STARTUP | IMAGE_PAGE);
	send_command(cpu, COMMAND_STARTUP | IMAGE_PAGE);
}

void apic_interrupt(u32 vector, const u32 *frame)
{
	if (vector < EXCEPTIONS)
		machine_fatal(vector, frame);
	if (vector == VECTOR_SPURIOUS)	/* is not to be ended */
		return;
	if (vector == VECTOR_UART)
		uart_interrupt();
	else if (vector == VECTOR_CALL)
		cpu_called();
	else if (vector == VECTOR_WAKE)
		;	/* the processor goes on */
	else if (vector == VECTOR_TIMER)
		timer_fired();
	else if (vector == VECTOR_PCI)
		interrupt_line(0);
	else if (vector - VECTOR_MESSAGES < MESSAGES)
		interrupt_message(vector - VECTOR_MESSAGES);
	else
		interrupt_unexpected();
	mmio_write32(APIC_END, 0);
}

const char *machine_controller(void)
{
	return "apic";
}

unsigned int machine_slots(void)
{
	return MESSAGES;
}

bool machine_slot_aligned(u16 slot, unsigned int count)
{
	return (VECTOR_MESSAGES + slot) % count == 0;
}

void machine_route(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message)
{
	(void)address;
	(void)event;
	message->address = LOCAL_APIC | cpu << MESSAGE_CPU_SHIFT;
	message->data = VECTOR_MESSAGES + slot;
}

void machine_reroute(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message)
{
	machine_route(address, event, slot, cpu, message);
}

bool machine_message_has_cpu(void)
{
	return true;
}

void machine_unroute(u16 address, u32 event, u16 slot)
{
	(void)address;
	(void)event;
	(void)slot;
}

/* All pins of PCI raise one interrupt. */
unsigned int machine_line(u16 address, u8 pin)
{
	(void)address;
	(void)pin;
	return 0;
}
