// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and writes of 1, 2, 4 and (where a processor can) 8 bytes: drivers do
 * all of them.  What was written by one width is read by words and by its own,
 * and its neighbours must be as they were.
 */
#include "widths.h"

#include "../abi/content.h"
#include "machine.h"

#ifdef __aarch64__
#define WIDEST	8
#else
#define WIDEST	4
#endif
#define UNIT	8	/* bytes that are written in all ways */

#define PCI_CACHE_LINE	0x0c
#define PCI_LATENCY	0x0d
#define PCI_LINE	0x3c

static u64 read_at(uintptr_t at, u32 bytes)
{
	switch (bytes) {
	case 1:
		return *(volatile u8 *)at;
	case 2:
		return *(volatile u16 *)at;
#ifdef __aarch64__
	case 8:
		return *(volatile u64 *)at;
#endif
	default:
		return mmio_read32(at);
	}
}

static void write_at(uintptr_t at, u32 bytes, u64 value)
{
	switch (bytes) {
	case 1:
		*(volatile u8 *)at = (u8)value;
		break;
	case 2:
		*(volatile u16 *)at = (u16)value;
		break;
#ifdef __aarch64__
	case 8:
		*(volatile u64 *)at = value;
		break;
#endif
	default:
		mmio_write32(at, (u32)value);
	}
}

static u64 mask_of(u32 bytes)
{
	return ~0ull >> (64 - 8 * bytes);
}

static void write_words(uintptr_t at, u64 value)
{
	mmio_write32(at, (u32)value);
	mmio_write32(at + 4, (u32)(value >> 32));
}

static u64 read_words(uintptr_t at)
{
	return mmio_read32(at) | (u64)mmio_read32(at + 4) << 32;
}

/* Accesses of other widths than a word, of which the device puts them together. */
static bool reads_alike(const struct device *device)
{
	uintptr_t id = device->registers + REGISTER_ID;
	u32 halves = read_at(id, 2) | (u32)read_at(id + 2, 2) << 16, bytes = 0, i;

	for (i = 4; i--;)
		bytes = bytes << 8 | (u32)read_at(id + i, 1);
#ifdef __aarch64__
	if (read_at(id, 8) != (device_read(device, REGISTER_VERSION) * (1ull << 32) | REGISTERS_ID))
		return false;
#endif
	return halves == REGISTERS_ID && bytes == REGISTERS_ID;
}

/* At `at` and the UNIT bytes from there, one part after the other is inverted. */
static bool takes(uintptr_t at, u32 bytes)
{
	u32 offset;

	for (offset = 0; offset < UNIT; offset += bytes) {
		u64 before = (u64)mix((u32)at ^ offset) << 32 | mix(~(u32)at ^ offset);
		u64 after = before ^ mask_of(bytes) << 8 * offset;

		write_words(at, before);
		write_at(at + offset, bytes, after >> 8 * offset);
		if (read_words(at) != after ||
		    read_at(at + offset, bytes) != (after >> 8 * offset & mask_of(bytes)))
			return false;
	}
	return true;
}

/* Returns the first width that fails, or 0. */
static u32 first_bad(uintptr_t at)
{
	u64 before = read_words(at);
	u32 bytes, bad = 0;

	for (bytes = 1; bytes <= WIDEST && !bad; bytes *= 2)
		if (!takes(at, bytes))
			bad = bytes;
	write_words(at, before);
	return bad;
}

/* As its user reads it and as the device holds it. */
static bool config_is(const struct device *device, u16 offset, u32 bytes, u32 value)
{
	u32 held = device_read(device, REGISTER_CONFIG + (offset & ~3u)) >> 8 * (offset & 3);

	return machine_config_read(device->address, offset, bytes) == value &&
	       (held & mask_of(bytes)) == value;
}

/* What the driver left there, which need not be what the device holds, comes back. */
static bool config_takes(const struct device *device, u16 offset, u32 bytes)
{
	u32 before = machine_config_read(device->address, offset, bytes);
	u32 other = ~before & (u32)mask_of(bytes);
	bool good;

	machine_config_write(device->address, offset, bytes, other);
	good = config_is(device, offset, bytes, other);
	machine_config_write(device->address, offset, bytes, before);
	return good && config_is(device, offset, bytes, before);
}

static u32 first_bad_in_config(const struct device *device)
{
	if (!config_takes(device, PCI_CACHE_LINE, 1) || !config_takes(device, PCI_LATENCY, 1) ||
	    !config_takes(device, PCI_LINE, 1))
		return 1;
	return config_takes(device, PCI_CACHE_LINE, 2) ? 0 : 2;
}

static void check_writes(const struct device *device, struct check_result *result)
{
	u32 memory = device->bars.size[BAR_MEMORY];

	result->unwritten = "config";
	result->unwritten_bytes = first_bad_in_config(device);
	if (result->unwritten_bytes)
		return;
	result->unwritten = "registers";
	result->unwritten_bytes = first_bad(device->registers + REGISTER_SCRATCH);
	if (result->unwritten_bytes)
		return;
	result->unwritten = "memory";
	result->unwritten_bytes = first_bad(device->memory + memory - UNIT);
}

void widths_check(const struct device *device, struct check_result *result)
{
	result->widths = reads_alike(device) ? "ok" : "bad";
	check_writes(device, result);
}
