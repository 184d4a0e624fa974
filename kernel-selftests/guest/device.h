/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of the emulated device. */
#ifndef GUEST_DEVICE_H
#define GUEST_DEVICE_H

#include "../abi/registers.h"
#include "machine.h"
#include "pci.h"
#include "types.h"

#define MAX_DEVICES	8
#define MAX_VECTORS	2048	/* of one device: what the MSI-X capability can express */
#define MAX_RING_PAGES	96
#define CONFIG_BYTES	256
#define KEPT_REGISTERS	9
#define BAR_MEMORY	2

enum kind { KIND_NONE, KIND_INTX, KIND_MSI, KIND_MSIX };

/*
 * An interrupt of `vector` was routed to one processor and came to another, or
 * to one that takes none.
 */
struct stray {
	u16 vector;
	u8 routed, came;
};

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
	u32 left[KEPT_REGISTERS];	/* see kept.h */
	bool has_left;
	bool filled;
	u32 fill_seed;
	u32 ring_pages;
	u64 handled;
	u32 strayed;			/* how many came to another processor than their own */
	struct stray stray;		/* the first of them */
	/*
	 * As config_remember() found them: configuration space, also that of the device
	 * itself, and MSI-X's table.
	 */
	u32 config[CONFIG_BYTES / 4], held[CONFIG_BYTES / 4];
	u32 entries[MAX_VECTORS][4];
	u32 power_left, power_found;	/* the power control when it fell asleep, and when it woke up */
	u16 power_control;		/* its offset */
	u32 count[MAX_VECTORS];		/* interrupts handled */
	u16 slot[MAX_VECTORS];		/* interrupt number of each vector, see interrupt.c */
	bool moved[MAX_VECTORS];	/* which of its two events a vector uses */
	bool masked[MAX_VECTORS];
};

/*
 * Pages that are older than what the device wrote there or have something else
 * in them; see ring.h for these, and widths.h for widths and writes.
 */
struct check_result {
	u32 stale, corrupt;
	u64 overrun;	/* where a page that nobody writes, beside one of these, has changed; 0: nowhere */
	const char *reach, *memory, *state, *read, *kept, *widths;
	const char *unwritten;	/* where writes of so many bytes go wrong, if any do */
	u32 unwritten_bytes;	/* 0: none */
};

extern struct device devices[MAX_DEVICES];
extern unsigned int device_count;

static inline u32 device_read(const struct device *device, u32 offset)
{
	return mmio_read32(device->registers + offset);
}

static inline void device_write(const struct device *device, u32 offset, u32 value)
{
	mmio_write32(device->registers + offset, value);
}

void device_fill_page(const struct device *device, u32 page);	/* as the last device_fill() did */
void device_fill(struct device *device, u32 seed);
/* Fills in the rest of a result. */
void device_check(struct device *device, struct check_result *result);

#endif
