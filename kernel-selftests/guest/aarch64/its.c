// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GICv3's redistributor, and the interrupt translation service: tables in
 * memory, a queue of commands, and a translation of (device, event) to an LPI.
 * Registers and commands: Arm IHI 0069.
 */
#include "its.h"

#include "../device.h"
#include "gic_registers.h"
#include "processor.h"

#define WAKER_SLEEP		0x2
#define WAKER_ASLEEP		0x4
#define CTLR_ENABLE_LPIS	0x1
#define TYPER_ADDRESS_TARGETS	(1ull << 19)
#define CREADR_STALLED		0x1

#define VALID			(1ull << 63)
#define BASER_64K		(2ull << 8)
#define BASER_TYPE_SHIFT	56
#define BASER_DEVICES		1
#define BASER_COLLECTIONS	4

#define COMMAND_MOVI		0x01
#define COMMAND_SYNC		0x05
#define COMMAND_MAPD		0x08
#define COMMAND_MAPC		0x09
#define COMMAND_MAPTI		0x0a
#define COMMAND_INV		0x0c
#define COMMAND_DISCARD		0x0f

#define LPI_BITS		14	/* 8192 IDs below FIRST_LPI, and as many LPIs */
#define LPI_ON			0x81	/* lower than the top priority, enabled */
#define EVENT_BITS		12	/* two events for each vector */
#define MAX_ENTRY_BYTES		16	/* of an interrupt translation table */
#define DEVICES			256	/* functions on the root bus */
#define QUEUE_BYTES		65536
#define COMMAND_BYTES		32
#define QUEUE_COMMANDS		(QUEUE_BYTES / COMMAND_BYTES)
#define BATCH			16	/* commands that are given at a time when many are */
#define PATIENCE_MS		1000	/* QEMU reads commands at once when it is told of them */
#define TABLE_BYTES		65536

#define TABLE __attribute__((section(".pages"), aligned(65536)))

static u8 properties[TABLE_BYTES] TABLE;
static u8 pending[MAX_CPUS][TABLE_BYTES] TABLE;
static u8 device_table[TABLE_BYTES] TABLE;
static u8 collection_table[TABLE_BYTES] TABLE;
static u8 translations[MAX_DEVICES][MAX_ENTRY_BYTES << EVENT_BITS] TABLE;
static volatile u64 queue[QUEUE_BYTES / 8] TABLE;

static u64 targets[MAX_CPUS];	/* of collections, as commands want them */
static u8 mapped[DEVICES];	/* 1 + index of the device's table in translations[] */
static u8 tables_used;

void gicv3_wake(uintptr_t redistributor)
{
	uintptr_t waker = redistributor + GICR_WAKER;

	mmio_write32(waker, mmio_read32(waker) & ~WAKER_SLEEP);
	while (mmio_read32(waker) & WAKER_ASLEEP)
		;
}

/* It has not read its commands in time, and nobody waits for it any more. */
static bool stalled;

static u64 read_up_to(void)
{
	return mmio_read64(GITS_CREADR) & ~(u64)CREADR_STALLED;
}

static void await_read(u64 offset)
{
	u64 begin, now;
	u32 hertz;

	machine_ticks(&begin, &hertz);
	while (!stalled && read_up_to() != offset) {
		machine_ticks(&now, &hertz);
		stalled = now - begin > (u64)PATIENCE_MS * (hertz / 1000);
	}
}

/* Into the queue; returns the offset behind it, which the ITS has yet to be told. */
static u64 put_command(u64 offset, u64 word0, u64 word1, u64 word2)
{
	queue[offset / 8] = word0;
	queue[offset / 8 + 1] = word1;
	queue[offset / 8 + 2] = word2;
	queue[offset / 8 + 3] = 0;
	return (offset + COMMAND_BYTES) % QUEUE_BYTES;
}

static void tell(u64 offset)
{
	memory_barrier();
	mmio_write64(GITS_CWRITER, offset);
	await_read(offset);
}

static void command(u64 word0, u64 word1, u64 word2)
{
	tell(put_command(mmio_read64(GITS_CWRITER), word0, word1, word2));
}

static void sync(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < machine_cpus(); cpu++)
		command(COMMAND_SYNC, 0, targets[cpu] << 16);
}

static void give_table(uintptr_t base_register)
{
	u64 type = mmio_read64(base_register) >> BASER_TYPE_SHIFT & 7;
	void *table = type == BASER_DEVICES ? device_table :
		      type == BASER_COLLECTIONS ? collection_table : NULL;

	if (table)
		mmio_write64(base_register, VALID | BASER_64K | (uintptr_t)table);
}

static void init_lpis(uintptr_t redistributor, void *pending_table)
{
	mmio_write64(redistributor + GICR_PROPBASER, (uintptr_t)properties | (LPI_BITS - 1));
	mmio_write64(redistributor + GICR_PENDBASER, (uintptr_t)pending_table);
	mmio_write32(redistributor + GICR_CTLR, CTLR_ENABLE_LPIS);
}

/* Two collections for each processor, so that an event can move between them. */
static u64 collection(unsigned int cpu, bool second)
{
	return 2 * cpu + second;
}

static void init_cpu(unsigned int cpu, uintptr_t redistributor)
{
	/* Targets are addresses or numbers of processors. */
	if (mmio_read64(GITS_TYPER) & TYPER_ADDRESS_TARGETS)
		targets[cpu] = redistributor >> 16;
	else
		targets[cpu] = mmio_read64(redistributor + GICR_TYPER) >> 8 & 0xffff;
	command(COMMAND_MAPC, 0, VALID | targets[cpu] << 16 | collection(cpu, false));
	command(COMMAND_MAPC, 0, VALID | targets[cpu] << 16 | collection(cpu, true));
}

static void clear(void *table, size_t bytes)
{
	u64 *words = table;
	size_t i;

	for (i = 0; i < bytes / sizeof(*words); i++)
		words[i] = 0;
}

/* Memory keeps over a reset what the controller had written there, such as LPIs that were pending. */
static void clear_tables(void)
{
	clear(pending, sizeof(pending));
	clear(device_table, sizeof(device_table));
	clear(collection_table, sizeof(collection_table));
	clear(translations, sizeof(translations));
}

void its_init(uintptr_t redistributors)
{
	unsigned int cpu;
	u32 lpi;
	int i;

	clear_tables();
	for (lpi = 0; lpi < MAX_SLOTS; lpi++)
		properties[lpi] = LPI_ON;
	memory_barrier();
	for (cpu = 0; cpu < machine_cpus(); cpu++)
		init_lpis(redistributors + cpu * REDISTRIBUTOR_BYTES, pending[cpu]);
	for (i = 0; i < GITS_TABLES; i++)
		give_table(GITS_BASER + 8 * i);
	mmio_write64(GITS_CBASER, VALID | (uintptr_t)queue | (QUEUE_BYTES / 4096 - 1));
	mmio_write64(GITS_CWRITER, 0);
	mmio_write32(GITS_CTLR, 1);
	for (cpu = 0; cpu < machine_cpus(); cpu++)
		init_cpu(cpu, redistributors + cpu * REDISTRIBUTOR_BYTES);
	sync();
}

static void map_device(u16 address)
{
	u8 *table;

	if (mapped[address])
		return;
	table = translations[tables_used++];
	mapped[address] = tables_used;
	command(COMMAND_MAPD | (u64)address << 32, EVENT_BITS - 1, VALID | (uintptr_t)table);
}

void its_reroute(u16 address, u32 event, unsigned int cpu, struct message *message)
{
	command(COMMAND_MOVI | (u64)address << 32, event, collection(cpu, true));
	sync();
	message->address = GITS_TRANSLATER;
	message->data = event;
}

/* The event first belongs to one collection and then moves to the other, as an affinity does. */
void its_route(u16 address, u32 event, u16 slot, unsigned int cpu, struct message *message)
{
	u64 device = (u64)address << 32;

	map_device(address);
	command(COMMAND_MAPTI | device, event | (u64)(FIRST_LPI + slot) << 32, collection(cpu, false));
	command(COMMAND_INV | device, event, 0);
	its_reroute(address, event, cpu, message);
}

void its_unroute(u16 address, u32 event)
{
	command(COMMAND_DISCARD | (u64)address << 32, event, 0);
	sync();
}

/* The end of a batch is now and then the last command of the queue, which a queue that is too short does not have. */
bool its_reads_commands(u32 *written, u32 *read)
{
	u64 offset = mmio_read64(GITS_CWRITER);
	u32 count;

	for (count = 0; count < QUEUE_COMMANDS && !stalled; count++) {
		offset = put_command(offset, COMMAND_SYNC, 0, targets[0] << 16);
		if ((offset / COMMAND_BYTES + 1) % BATCH == 0)
			tell(offset);
	}
	if (!stalled)
		tell(offset);
	*written = mmio_read64(GITS_CWRITER);
	*read = read_up_to();
	return !stalled;
}
