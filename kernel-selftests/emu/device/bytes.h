/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian fields in byte arrays. */
#ifndef EMU_BYTES_H
#define EMU_BYTES_H

#include "platform.h"

static inline u16 emu_get16(const u8 *bytes)
{
	return (u16)(bytes[0] | bytes[1] << 8);
}

static inline u32 emu_get32(const u8 *bytes)
{
	return (u32)bytes[0] | (u32)bytes[1] << 8 | (u32)bytes[2] << 16 | (u32)bytes[3] << 24;
}

static inline u64 emu_get64(const u8 *bytes)
{
	return (u64)emu_get32(bytes) | (u64)emu_get32(bytes + 4) << 32;
}

static inline void emu_put16(u8 *bytes, u16 value)
{
	bytes[0] = (u8)value;
	bytes[1] = (u8)(value >> 8);
}

static inline void emu_put32(u8 *bytes, u32 value)
{
	bytes[0] = (u8)value;
	bytes[1] = (u8)(value >> 8);
	bytes[2] = (u8)(value >> 16);
	bytes[3] = (u8)(value >> 24);
}

static inline void emu_put64(u8 *bytes, u64 value)
{
	emu_put32(bytes, (u32)value);
	emu_put32(bytes + 4, (u32)(value >> 32));
}

static inline u64 emu_smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

#endif
