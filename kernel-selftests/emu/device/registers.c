// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BARs: BAR 0 has the registers by which a guest drives the device, and
 * configuration space as the device holds it; BAR 2 is plain memory, BAR 4 has
 * MSI-X's table and pending bits, of which the user gets to see nothing, as behind
 * vfio-pci.
 */
#include "registers.h"

#include "../../abi/registers.h"
#include "bytes.h"
#include "config.h"
#include "model.h"
#include "raise.h"
#include "reset.h"
#include "ring.h"

#define REGISTER_CONFIG_END	(REGISTER_CONFIG + EMU_CONFIG_SIZE)
#define DEVICE_VERSION	1

static u32 memory_sum(const struct emu_device *device)
{
	u32 sum = 0;
	u32 i;

	for (i = 0; i < EMU_MEMORY_SIZE; i += 4)
		sum += emu_get32(device->memory + i);
	return sum;
}

static u32 pending_word(const struct emu_device *device, u32 word)
{
	const struct emu_registers *registers = &device->registers;
	u32 bits = 0;
	u32 i;

	for (i = 0; i < 32; i++)
		if (registers->raised[word * 32 + i] != registers->acked[word * 32 + i])
			bits |= 1u << i;
	return bits;
}

static u32 selected_sequence(const struct emu_registers *registers)
{
	return registers->select < EMU_RING_PAGES ? registers->sequences[registers->select] : 0;
}

static u32 read_register(const struct emu_device *device, u32 offset)
{
	const struct emu_registers *registers = &device->registers;

	if (offset >= REGISTER_PENDING && offset < REGISTER_PENDING_END)
		return pending_word(device, (offset - REGISTER_PENDING) / 4);
	if (offset >= REGISTER_CONFIG && offset < REGISTER_CONFIG_END)
		return emu_config_word(device, offset - REGISTER_CONFIG);
	if (offset >= REGISTER_SCRATCH && offset < REGISTER_SCRATCH_END)
		return registers->scratch[(offset - REGISTER_SCRATCH) / 4];
	switch (offset) {
	case REGISTER_ID:
		return REGISTERS_ID;
	case REGISTER_VERSION:
		return DEVICE_VERSION;
	case REGISTER_VECTORS:
		return device->profile.vectors;
	case REGISTER_STATUS:
		return device->status;
	case REGISTER_INTX:
		return registers->intx_asserted;
	case REGISTER_RAISED:
		return registers->raised_total;
	case REGISTER_ACKED:
		return registers->acked_total;
	case REGISTER_SPURIOUS:
		return registers->spurious_total;
	case REGISTER_RING_LOW:
		return registers->ring_low;
	case REGISTER_RING_HIGH:
		return registers->ring_high;
	case REGISTER_RING_PAGES:
		return registers->ring_pages;
	case REGISTER_SELECT:
		return registers->select;
	case REGISTER_SEQUENCE:
		return selected_sequence(registers);
	case REGISTER_SEED:
		return registers->seed;
	case REGISTER_MEMORY_SUM:
		return memory_sum(device);
	case REGISTER_DIGEST:
		return registers->digest;
	case REGISTER_MEMORY_BYTES:
		return EMU_MEMORY_SIZE;
	default:
		return 0;
	}
}

/* A new ring: none of its pages was written yet. */
static void set_ring_pages(struct emu_registers *registers, u32 pages)
{
	registers->ring_pages = (u32)emu_smaller(pages, EMU_RING_PAGES);
	memset(registers->sequences, 0, sizeof(registers->sequences));
}

static void write_register(struct emu_device *device, u32 offset, u32 value)
{
	struct emu_registers *registers = &device->registers;

	switch (offset) {
	case REGISTER_RAISE:
		emu_raise(device, value, "guest");
		break;
	case REGISTER_ACK:
		emu_ack(device, value);
		break;
	case REGISTER_INTX:
		if (value & 1)
			emu_intx_ack(device);
		break;
	case REGISTER_RING_LOW:
		registers->ring_low = value & ~(EMU_PAGE_SIZE - 1u - EMU_RING_IS_TABLE);
		break;
	case REGISTER_RING_HIGH:
		registers->ring_high = value;
		break;
	case REGISTER_RING_PAGES:
		set_ring_pages(registers, value);
		break;
	case REGISTER_KICK:
		emu_write_ring_page(device, value);
		break;
	case REGISTER_PULL:
		emu_read_ring_page(device, value);
		break;
	case REGISTER_SELECT:
		registers->select = value;
		break;
	case REGISTER_RESET:
		if (value & 1)
			emu_reset_by_guest(device);
		break;
	}
}

static void write_scratch(struct emu_device *device, u64 byte, u8 value)
{
	u32 *word = &device->registers.scratch[byte / 4];
	u32 shift = (u32)(byte % 4) * 8;

	*word = (*word & ~(0xffu << shift)) | (u32)value << shift;
}

/*
 * Registers are words; other reads are put together from them, other writes are
 * ignored, but for those of the scratch register.
 */
s64 emu_registers_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes)
{
	u8 word[4];
	u64 i;

	for (i = 0; i < bytes; i++) {
		u32 byte = (position + i) % 4;

		if (!i || !byte)
			emu_put32(word, read_register(device, (u32)(position + i - byte)));
		buffer[i] = word[byte];
	}
	return (s64)bytes;
}

s64 emu_registers_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes)
{
	u64 i;

	for (i = 0; i < bytes; i++)
		if (position + i >= REGISTER_SCRATCH && position + i < REGISTER_SCRATCH_END)
			write_scratch(device, position + i - REGISTER_SCRATCH, buffer[i]);
	for (i = 0; position % 4 == 0 && i + 4 <= bytes; i += 4)
		write_register(device, (u32)(position + i), emu_get32(buffer + i));
	return (s64)bytes;
}

s64 emu_memory_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes)
{
	memcpy(buffer, device->memory + position, bytes);
	return (s64)bytes;
}

s64 emu_memory_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes)
{
	memcpy(device->memory + position, buffer, bytes);
	return (s64)bytes;
}

/* The table is the kernel's own: all ones, as vfio-pci shows it. */
static u8 msix_byte(const struct emu_device *device, u64 position)
{
	u64 pending = position - EMU_PENDING_BITS;

	if (position < (u64)device->profile.vectors * 16)
		return 0xff;
	if (position < EMU_PENDING_BITS || pending >= EMU_MAX_VECTORS / 8)
		return 0;
	return (u8)(device->registers.held[pending / 4] >> pending % 4 * 8);
}

s64 emu_msix_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes)
{
	u64 i;

	for (i = 0; i < bytes; i++)
		buffer[i] = msix_byte(device, position + i);
	return (s64)bytes;
}

s64 emu_msix_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes)
{
	(void)device;
	(void)position;
	(void)buffer;
	return (s64)bytes;
}
