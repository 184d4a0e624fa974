/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's migration stream: what its chunks look like.  A chunk is a
 * header of four little-endian words (magic and kind, phase, number, length of
 * the payload) and the payload.  The chunks are numbered from 0 and come as:
 *
 *	HEAD, [CONFIG], BULK_PRE..., [CONFIG], BULK_STOP..., REGISTERS, VECTORS,
 *	MEMORY, END
 *
 * CONFIG only from a self-contained device.  Bulk data stands for the state of
 * a large device: its content follows from the seed, so it is not stored, and
 * the loading side can check every byte.
 */
#ifndef EMU_STREAM_H
#define EMU_STREAM_H

#include "geometry.h"
#include "profile.h"

#define EMU_STREAM_MAGIC	0x71700000u	/* upper half of a chunk's first word */
#define EMU_STREAM_VERSION	1

enum emu_chunk {
	EMU_CHUNK_HEAD = 1,
	EMU_CHUNK_CONFIG,
	EMU_CHUNK_BULK_PRE,
	EMU_CHUNK_BULK_STOP,
	EMU_CHUNK_REGISTERS,
	EMU_CHUNK_VECTORS,
	EMU_CHUNK_MEMORY,
	EMU_CHUNK_END,
};

#define EMU_BULK_CHUNK		(1u << 20)	/* the most that one bulk chunk holds */

#define EMU_HEAD_BYTES		32	/* version, seed, MSI-X and MSI vectors, two bulk sizes */
#define EMU_CONFIG_BYTES	(EMU_CONFIG_SIZE + 4)	/* and the interrupt kind */
#define EMU_REGISTER_WORDS	17	/* the named ones; the ring's sequences follow */
#define EMU_REGISTERS_BYTES	((EMU_REGISTER_WORDS + EMU_RING_PAGES) * 4)
#define EMU_END_BYTES		8	/* checksum of all before but the bulk payloads */

#define EMU_CHECKSUM_START	0xcbf29ce484222325ull

static inline bool emu_is_bulk(u32 kind)
{
	return kind == EMU_CHUNK_BULK_PRE || kind == EMU_CHUNK_BULK_STOP;
}

struct emu_device;

/* Of the VECTORS chunk: counters of each vector, then words of pending bits. */
u32 emu_vectors_bytes(const struct emu_device *device);
void emu_vectors_pack(const struct emu_device *device, u8 *bytes);

/* Words 0.. of the REGISTERS chunk, in order; for saving and loading alike. */
void emu_registers_pack(const struct emu_device *device, u8 *bytes);
void emu_registers_unpack(struct emu_device *device, const u8 *bytes);

u64 emu_checksum(u64 checksum, const u8 *bytes, u64 count);	/* FNV-1a */
void emu_bulk_fill(u8 *buffer, u64 bytes, u32 seed, u32 kind, u64 position);
bool emu_bulk_matches(const u8 *buffer, u64 bytes, u32 seed, u32 kind, u64 position);

#endif
