// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the writer and the reader of the migration stream share: the bulk data
 * that follows from the seed, the checksum and the order of the registers.
 */
#include "stream.h"

#include "../../abi/content.h"
#include "bytes.h"
#include "config.h"
#include "model.h"

u64 emu_checksum(u64 checksum, const u8 *bytes, u64 count)
{
	u64 i;

	for (i = 0; i < count; i++)
		checksum = (checksum ^ bytes[i]) * 0x100000001b3ull;
	return checksum;
}

/* The two kinds of bulk data differ, so that one cannot stand for the other. */
static inline u32 bulk_word(u32 base, u64 index)
{
	return mix(base ^ (u32)index);
}

static u32 bulk_base(u32 seed, u32 kind)
{
	return mix(seed + 0x9e3779b9u * kind);
}

static inline u32 to_little_endian(u32 value)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap32(value);
#else
	return value;
#endif
}

static u8 bulk_byte(u32 base, u64 position)
{
	return (u8)(bulk_word(base, position / 4) >> (position % 4 * 8));
}

void emu_bulk_fill(u8 *buffer, u64 bytes, u32 seed, u32 kind, u64 position)
{
	u32 base = bulk_base(seed, kind);
	u64 i, words;

	for (; bytes && position % 4; bytes--)
		*buffer++ = bulk_byte(base, position++);
	words = bytes / 4;
	for (i = 0; i < words; i++) {
		u32 word = to_little_endian(bulk_word(base, position / 4 + i));

		memcpy(buffer + i * 4, &word, 4);
	}
	for (i = words * 4; i < bytes; i++)
		buffer[i] = bulk_byte(base, position + i);
}

bool emu_bulk_matches(const u8 *buffer, u64 bytes, u32 seed, u32 kind, u64 position)
{
	u32 base = bulk_base(seed, kind);
	u32 difference = 0;
	u64 i, words;

	for (; bytes && position % 4; bytes--)
		difference |= (u32)(*buffer++ ^ bulk_byte(base, position++));
	words = bytes / 4;
	for (i = 0; i < words; i++) {
		u32 word;

		memcpy(&word, buffer + i * 4, 4);
		difference |= word ^ to_little_endian(bulk_word(base, position / 4 + i));
	}
	for (i = words * 4; i < bytes; i++)
		difference |= (u32)(buffer[i] ^ bulk_byte(base, position + i));
	return !difference;
}

u32 emu_vectors_bytes(const struct emu_device *device)
{
	u32 count = emu_vector_count(device);

	return count * 8 + (count + 31) / 32 * 4;
}

void emu_vectors_pack(const struct emu_device *device, u8 *bytes)
{
	const struct emu_registers *registers = &device->registers;
	u32 count = emu_vector_count(device);
	u32 i;

	for (i = 0; i < count; i++) {
		emu_put32(bytes + i * 8, registers->raised[i]);
		emu_put32(bytes + i * 8 + 4, registers->acked[i]);
	}
	for (i = 0; i < (count + 31) / 32; i++)
		emu_put32(bytes + count * 8 + i * 4, registers->held[i]);
}

void emu_registers_pack(const struct emu_device *device, u8 *bytes)
{
	const struct emu_registers *registers = &device->registers;
	const u32 words[EMU_REGISTER_WORDS] = {
		registers->ring_low, registers->ring_high, registers->ring_pages,
		registers->select, registers->raised_total, registers->acked_total,
		registers->spurious_total, registers->intx_raised, registers->intx_acked,
		registers->intx_asserted, device->irq.hint, registers->digest,
		emu_config_control(device, 0), emu_config_control(device, 1),
		emu_config_control(device, 2), registers->scratch[0], registers->scratch[1],
	};
	u32 i;

	for (i = 0; i < EMU_REGISTER_WORDS; i++)
		emu_put32(bytes + i * 4, words[i]);
	for (i = 0; i < EMU_RING_PAGES; i++)
		emu_put32(bytes + (EMU_REGISTER_WORDS + i) * 4, registers->sequences[i]);
}

/* What this device raised itself since RESUMING comes on top of what the source did. */
void emu_registers_unpack(struct emu_device *device, const u8 *bytes)
{
	struct emu_registers *registers = &device->registers;
	u32 words[EMU_REGISTER_WORDS];
	u32 i;

	for (i = 0; i < EMU_REGISTER_WORDS; i++)
		words[i] = emu_get32(bytes + i * 4);
	registers->ring_low = words[0] & ~(EMU_PAGE_SIZE - 1u - EMU_RING_IS_TABLE);
	registers->ring_high = words[1];
	registers->ring_pages = words[2] <= EMU_RING_PAGES ? words[2] : EMU_RING_PAGES;
	registers->select = words[3];
	registers->raised_total += words[4];
	registers->acked_total += words[5];
	registers->spurious_total += words[6];
	registers->intx_raised += words[7];
	registers->intx_acked += words[8];
	registers->intx_asserted |= words[9] & 1;
	if (device->irq.kind == EMU_NO_IRQ && words[10] <= EMU_NO_IRQ)
		device->irq.hint = words[10];
	registers->digest = words[11];
	for (i = 0; i < EMU_CONFIG_CONTROLS; i++)
		emu_config_set_control(device, i, (u16)words[12 + i]);
	registers->scratch[0] = words[15];
	registers->scratch[1] = words[16];
	for (i = 0; i < EMU_RING_PAGES; i++)
		registers->sequences[i] = emu_get32(bytes + (EMU_REGISTER_WORDS + i) * 4);
}
