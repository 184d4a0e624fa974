/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the device model share among themselves: the device's
 * state, and the functions of one file that another calls.
 */
#ifndef EMU_DEVICE_INTERNAL_H
#define EMU_DEVICE_INTERNAL_H

#include "device.h"

#define EMU_NUM_IRQS		5	/* INTx, MSI, MSI-X, ERR, REQ */
#define EMU_NO_IRQ		EMU_NUM_IRQS

/* The values are uAPI; platform.h has no count of them for old headers. */
#define EMU_NUM_STATES		8

/* Where in a migration data is read; also the tag that it carries in the stream. */
#define EMU_PHASE_PRE_COPY	1
#define EMU_PHASE_STOP_COPY	2

/* Configuration space: where the capabilities are. */
#define EMU_CONFIG_MSI		0x40
#define EMU_CONFIG_MSIX		0x60

/* Bits of the register STATUS. */
#define EMU_STATUS_VERIFIED	(1u << 0)
#define EMU_STATUS_STATE_ERROR	(1u << 1)
#define EMU_STATUS_DESTINATION	(1u << 2)

#define EMU_STAGING_SIZE	(EMU_MAX_VECTORS * 8)	/* the longest chunk that is not streamed */
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
	u32 raised_total, acked_total, spurious_total;
	u32 intx_raised, intx_acked;
	u32 intx_asserted;
	u32 msi_held;		/* MSI vectors raised while their mask bit was set */
	u32 sequences[EMU_RING_PAGES];
	u32 raised[EMU_MAX_VECTORS];	/* MSI and MSI-X: number of the last raise */
	u32 acked[EMU_MAX_VECTORS];	/* and of the last one that was answered */
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
	u32 stop_copy_reads;
	bool empty_logged;	/* that pre-copy has nothing more, since it last had */
	u32 prepared;		/* v1: bytes in the data area, to be taken by the user */
};

/* Loading it. */
struct emu_load {
	bool active, failed, complete, mismatch;
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
	u32 status;
	u32 moments_raised;	/* EMU_RAISE_ON_... that were served since RESUMING was entered */
	bool config_written, irqs_set;	/* since RESUMING was entered */
	u32 dirty_queries;

	u8 config[EMU_CONFIG_SIZE];
	struct emu_interrupts irq;
	struct emu_registers registers;
	struct emu_save save;
	struct emu_load load;
	u8 staging[EMU_STAGING_SIZE];
	u32 page[EMU_PAGE_SIZE / 4];
};

/* log.c */
struct emu_text {
	char data[320];
	u32 length;
};

void emu_text_number(struct emu_text *text, const char *key, u64 value);
void emu_text_string(struct emu_text *text, const char *key, const char *value);
void emu_text_flag(struct emu_text *text, const char *key, bool value);
void emu_text_errno(struct emu_text *text, int error);	/* 0 or negative errno */
void emu_log(struct emu_device *device, const char *event, const struct emu_text *text);

/* profile.c: decimal, or hexadecimal behind 0x; the whole string. */
bool emu_parse_number(const char *text, u64 least, u64 most, u64 *value);

/* faults.c: `value` is `OPERATION:NTH:RESULT`; false: it is not, or there are too many. */
bool emu_add_fault(struct emu_profile *profile, const char *value);
/* An operation takes place. 0: no fault; else its result (negative errno or EMU_FAULT_...). */
int emu_fault(struct emu_device *device, enum emu_operation operation, int detail);

/* device.c */
void emu_reset_internals(struct emu_device *device);
bool emu_is_running(const struct emu_device *device);

/* config.c */
void emu_config_reset(struct emu_device *device);
void emu_config_restore(struct emu_device *device, const u8 *config);
s64 emu_config_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
s64 emu_config_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);
bool emu_intx_disabled(const struct emu_device *device);
u32 emu_msi_mask(const struct emu_device *device);

/* interrupts.c */
void emu_drop_triggers(struct emu_device *device);

/* raise.c */
void emu_raise(struct emu_device *device, u32 vector, const char *cause);
void emu_raise_at(struct emu_device *device, u32 moment);
void emu_ack(struct emu_device *device, u32 vector);
void emu_intx_ack(struct emu_device *device);
void emu_intx_unmask(struct emu_device *device);
void emu_deliver_held(struct emu_device *device);

/* MSI and MSI-X share the vectors' counters. */
static inline u32 emu_vector_count(const struct emu_device *device)
{
	const struct emu_profile *profile = &device->profile;

	return profile->vectors > profile->msi_vectors ? profile->vectors : profile->msi_vectors;
}

/* registers.c */
s64 emu_bar_read(struct emu_device *device, u32 bar, u64 position, u8 *buffer, u64 bytes);
s64 emu_bar_write(struct emu_device *device, u32 bar, u64 position, const u8 *buffer, u64 bytes);

/* regions.c: 0 if the device has no such region (or an empty one) */
u64 emu_region_size(const struct emu_device *device, u32 region);

/* migration.c */
int emu_set_state(struct emu_device *device, u32 state);
int emu_next_state(const struct emu_device *device, int from, int to);
u32 emu_phase(const struct emu_device *device);	/* EMU_PHASE_... of a saving device */

/* migration-data.c: the data path that both protocols share */
s64 emu_data_read(struct emu_device *device, u8 *buffer, u64 bytes);
s64 emu_data_write(struct emu_device *device, const u8 *buffer, u64 bytes);

/* migration-v1.c */
void emu_v1_take_prepared(struct emu_device *device);
s64 emu_v1_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
s64 emu_v1_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);

/* save.c */
void emu_save_begin(struct emu_device *device);
void emu_save_end(struct emu_device *device);
u64 emu_save_read(struct emu_device *device, u8 *buffer, u64 bytes, u32 phase);
u64 emu_save_remaining(const struct emu_device *device, u32 phase);
u64 emu_stop_copy_size(const struct emu_device *device);

/* load.c */
void emu_load_begin(struct emu_device *device);
int emu_load_end(struct emu_device *device);
s64 emu_load_write(struct emu_device *device, const u8 *buffer, u64 bytes);

/* Little-endian fields in byte arrays. */
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
