/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of an emulated device, part by part; no functions.  A part changes
 * its own state; what it may read of others follows from what lies below it
 * (README.md).
 */
#ifndef EMU_MODEL_H
#define EMU_MODEL_H

#include "geometry.h"
#include "host.h"
#include "profile.h"

#define EMU_NUM_IRQS		5	/* INTx, MSI, MSI-X, ERR, REQ */
#define EMU_NO_IRQ		EMU_NUM_IRQS

/* Bits of the register STATUS. */
#define EMU_STATUS_VERIFIED	(1u << 0)
#define EMU_STATUS_STATE_ERROR	(1u << 1)
#define EMU_STATUS_DESTINATION	(1u << 2)

/* Bit of the register RING_LOW: the ring's address is that of a table of 64-bit addresses. */
#define EMU_RING_IS_TABLE	(1u << 0)

/* The longest chunk that is not streamed: two counters and a pending bit for each vector. */
#define EMU_STAGING_SIZE	(EMU_MAX_VECTORS * 8 + EMU_MAX_VECTORS / 8)
#define EMU_CHUNK_HEADER	16

/* The interrupt set-up as VFIO's user made it; it outlives a reset, as in the kernel. */
struct emu_interrupts {
	u32 kind;		/* the index in use: INTx, MSI or MSI-X; EMU_NO_IRQ: none */
	u32 hint;		/* last kind in use, here or on the source: for the log */
	u32 allocated;		/* vectors of that kind */
	bool intx_masked;
	void *error;
	void *request;
	void *triggers[EMU_MAX_VECTORS];	/* INTx has the first */
	void *staged[EMU_MAX_VECTORS];
};

/* What a guest changes in the device, but for BAR 2 and configuration space; it migrates. */
struct emu_registers {
	u32 seed;
	u32 ring_low, ring_high, ring_pages;
	u32 select;
	u32 digest;		/* of the page that was read last */
	u32 scratch[2];
	u32 raised_total, acked_total, spurious_total;
	u32 intx_raised, intx_acked;
	u32 intx_asserted;
	u32 sequences[EMU_RING_PAGES];
	u32 raised[EMU_MAX_VECTORS];	/* MSI and MSI-X: number of the last raise */
	u32 acked[EMU_MAX_VECTORS];	/* and of the last one that was answered */
	u32 held[EMU_MAX_VECTORS / 32];	/* pending bits: raised, and not sent yet */
};

/* Reading the state out. */
struct emu_save {
	bool active;
	u32 seed;
	u32 step;		/* what comes after the current chunk */
	u32 number;		/* of the next chunk */
	u64 bulk_taken[2];	/* put into chunks so far: pre-copy, stop-copy */
	u64 bulk_start;		/* where the current chunk's bulk data begins, within its kind */
	u8 header[EMU_CHUNK_HEADER];
	u32 header_sent;
	u32 kind, length, sent;	/* of the current chunk's payload */
	bool in_chunk;
	u64 checksum, total;
	u64 held;		/* bulk of pre-copy that is not there yet: see emu_save_reinit() */
	u32 stop_copy_reads;
	u64 told;		/* how much stop-copy was last said to need */
	bool empty_logged;	/* that pre-copy has nothing more, since it last had */
	u32 prepared;		/* v1: bytes in the data area, to be taken by the user */
};

/* Loading it. */
struct emu_load {
	bool active, failed, complete, mismatch;
	bool blind;		/* a fault: whatever comes is taken */
	u32 number;
	u32 seen;		/* kinds of chunks that came */
	u8 header[EMU_CHUNK_HEADER];
	u32 header_have;
	u32 kind, length, have;
	bool in_chunk;
	u64 bulk_size[2], bulk_have[2];
	u32 seed;
	u64 checksum, total;
};

struct emu_device {
	struct emu_profile profile;
	const struct emu_host *host;
	void *context;
	u8 *memory;
	u8 *migration_data;
	u32 migration_data_size;

	int state;		/* enum vfio_device_mig_state, for v1 too */
	bool by_v1;		/* it is v1 that has moved it last, or the only protocol */
	u32 status;
	u32 moments_raised;	/* EMU_RAISE_ON_... that were served since RESUMING was entered */
	bool config_written, irqs_set;	/* since RESUMING was entered */
	bool precopy_info_v2;	/* the user understands what emu_get_precopy_info() says of new data */
	u32 dirty_queries;
	u32 quiet;		/* reports of dirty pages before which it wrote nothing, since it stopped last */

	u8 config[EMU_CONFIG_SIZE];
	struct emu_interrupts irq;
	struct emu_registers registers;
	struct emu_save save;
	struct emu_load load;
	u8 staging[EMU_STAGING_SIZE];
	u32 page[EMU_PAGE_SIZE / 4];
};

static inline bool emu_has_protocol(const struct emu_device *device, enum emu_protocol protocol)
{
	return device->profile.protocol & protocol;
}

/* MSI and MSI-X share the vectors' counters. */
static inline u32 emu_vector_count(const struct emu_device *device)
{
	const struct emu_profile *profile = &device->profile;

	return profile->vectors > profile->msi_vectors ? profile->vectors : profile->msi_vectors;
}

#endif
