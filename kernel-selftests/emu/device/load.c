// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the migration stream, which may come in pieces of any size.  A malformed
 * chunk (tag, number, length, version) is an error at once.  Wrong content is
 * accepted, as real devices do, and sets a bit in the register STATUS.  The
 * profile's `require` rule is applied here: a real device may need its
 * configuration space or its interrupts before it can load its state.
 */
#include "load.h"

#include "bytes.h"
#include "config.h"
#include "faults.h"
#include "irq-names.h"
#include "log.h"
#include "model.h"
#include "reset.h"
#include "stream.h"

#define SEEN(kind)	(1u << (kind))
#define SEEN_WHOLE	(SEEN(EMU_CHUNK_HEAD) | SEEN(EMU_CHUNK_REGISTERS) | \
			 SEEN(EMU_CHUNK_VECTORS) | SEEN(EMU_CHUNK_MEMORY))

void emu_load_begin(struct emu_device *device)
{
	memset(&device->load, 0, sizeof(device->load));
	device->load.active = true;
	device->load.checksum = EMU_CHECKSUM_START;
}

/* Something is wrong with the data: by a fault, neither that nor anything later is noticed. */
static bool is_blind(struct emu_device *device)
{
	if (emu_fault(device, EMU_OPERATION_LOAD_CHECK, -1) == EMU_FAULT_ACCEPT)
		device->load.blind = true;
	return device->load.blind;
}

/* Leaving RESUMING: all must have come. */
int emu_load_end(struct emu_device *device)
{
	const struct emu_load *load = &device->load;

	if (load->blind || ((load->failed || !load->complete) && is_blind(device))) {
		device->load.active = false;
		device->status = (device->status & ~EMU_STATUS_STATE_ERROR) | EMU_STATUS_VERIFIED;
		return 0;
	}
	if (load->failed || !load->complete) {
		device->status |= EMU_STATUS_STATE_ERROR;
		return -EINVAL;
	}
	device->load.active = false;
	return 0;
}

/* Does the device miss something before it takes stop-copy (or any) data, or has it come too soon? */
static bool is_out_of_order(const struct emu_device *device, u32 phase)
{
	bool stop_copy = phase == EMU_PHASE_STOP_COPY;
	bool by_user = !device->profile.self_contained;

	switch (device->profile.require) {
	case EMU_REQUIRE_CONFIG:
		return stop_copy && !device->config_written;
	case EMU_REQUIRE_CONFIG_ANY:
		return !device->config_written;
	case EMU_REQUIRE_IRQS:
		return stop_copy && !device->irqs_set;
	case EMU_REQUIRE_NO_CONFIG:
		return stop_copy && by_user && device->config_written;
	case EMU_REQUIRE_NO_IRQS:
		return stop_copy && by_user && device->irqs_set;
	default:
		return false;
	}
}

static bool refused(struct emu_device *device, u32 kind, u32 phase)
{
	struct emu_text text = { .length = 0 };

	if (!is_out_of_order(device, phase))
		return false;
	/* The chunk that satisfies the rule must be accepted. */
	if (device->profile.self_contained && (kind == EMU_CHUNK_HEAD || kind == EMU_CHUNK_CONFIG))
		return false;
	emu_text_string(&text, "operation", "data-write");
	emu_text_string(&text, "reason", emu_requirement_name(device->profile.require));
	emu_text_errno(&text, -EINVAL);
	emu_log(device, "refuse", &text);
	return true;
}

static bool length_is_right(const struct emu_device *device, u32 kind, u32 length)
{
	const struct emu_load *load = &device->load;
	u32 which = kind == EMU_CHUNK_BULK_STOP;

	switch (kind) {
	case EMU_CHUNK_HEAD:
		return length == EMU_HEAD_BYTES;
	case EMU_CHUNK_CONFIG:
		return length == EMU_CONFIG_BYTES;
	case EMU_CHUNK_BULK_PRE:
	case EMU_CHUNK_BULK_STOP:
		return length && length <= EMU_BULK_CHUNK &&
		       length <= load->bulk_size[which] - load->bulk_have[which];
	case EMU_CHUNK_REGISTERS:
		return length == EMU_REGISTERS_BYTES;
	case EMU_CHUNK_VECTORS:
		return length == emu_vectors_bytes(device);
	case EMU_CHUNK_MEMORY:
		return length == EMU_MEMORY_SIZE;
	case EMU_CHUNK_END:
		return length == EMU_END_BYTES;
	default:
		return false;
	}
}

static bool order_is_right(const struct emu_load *load, u32 kind)
{
	if (kind == EMU_CHUNK_HEAD)
		return !load->seen;
	if (!(load->seen & SEEN(EMU_CHUNK_HEAD)))
		return false;
	if (kind == EMU_CHUNK_END)
		return (load->seen & SEEN_WHOLE) == SEEN_WHOLE &&
		       load->bulk_have[0] == load->bulk_size[0] &&
		       load->bulk_have[1] == load->bulk_size[1];
	return emu_is_bulk(kind) || kind == EMU_CHUNK_CONFIG || !(load->seen & SEEN(kind));
}

/* The header is whole.  0, or -EINVAL; *refusal: it is only too early for this chunk. */
static int open_chunk(struct emu_device *device, bool *refusal)
{
	struct emu_load *load = &device->load;
	u32 tag = emu_get32(load->header);
	u32 phase = emu_get32(load->header + 4);
	u32 kind = tag & 0xffff;

	if ((tag & 0xffff0000) != EMU_STREAM_MAGIC || load->complete)
		return -EINVAL;
	if (phase != EMU_PHASE_PRE_COPY && phase != EMU_PHASE_STOP_COPY)
		return -EINVAL;
	if (emu_get32(load->header + 8) != load->number)
		return -EINVAL;
	load->length = emu_get32(load->header + 12);
	if (!length_is_right(device, kind, load->length) || !order_is_right(load, kind))
		return -EINVAL;
	if (refused(device, kind, phase)) {
		*refusal = true;
		return -EINVAL;
	}
	load->checksum = emu_checksum(load->checksum, load->header, EMU_CHUNK_HEADER);
	load->kind = kind;
	load->have = 0;
	load->in_chunk = true;
	load->seen |= SEEN(kind);
	load->number++;
	return 0;
}

static int take_head(struct emu_device *device)
{
	const u8 *bytes = device->staging;

	if (emu_get32(bytes) != EMU_STREAM_VERSION)
		return -EINVAL;
	if (emu_get32(bytes + 8) != device->profile.vectors ||
	    emu_get32(bytes + 12) != device->profile.msi_vectors)
		return -EINVAL;
	device->load.seed = emu_get32(bytes + 4);
	device->load.bulk_size[0] = emu_get64(bytes + 16);
	device->load.bulk_size[1] = emu_get64(bytes + 24);
	return 0;
}

static void take_config(struct emu_device *device)
{
	u32 hint = emu_get32(device->staging + EMU_CONFIG_SIZE);

	emu_config_restore(device, device->staging);
	if (device->irq.kind == EMU_NO_IRQ && hint <= EMU_NO_IRQ)
		device->irq.hint = hint;
	device->config_written = true;
	device->irqs_set = true;
}

/*
 * An interrupt that this device raised before (in SET_IRQS, with an old QEMU)
 * was numbered without knowledge of the source's: tell which number it has now.
 */
static void log_renumbered(struct emu_device *device, u32 vector, u32 local, u32 sequence)
{
	struct emu_text text = { .length = 0 };

	emu_text_string(&text, "index", emu_irq_name(device->irq.kind));
	emu_text_number(&text, "vector", vector);
	emu_text_number(&text, "local", local);
	emu_text_number(&text, "sequence", sequence);
	emu_log(device, "irq-renumber", &text);
}

static void take_vectors(struct emu_device *device)
{
	struct emu_registers *registers = &device->registers;
	u32 count = emu_vector_count(device);
	u32 i;

	for (i = 0; i < (count + 31) / 32; i++)
		registers->held[i] |= emu_get32(device->staging + count * 8 + i * 4);
	for (i = 0; i < count; i++) {
		u32 local = registers->raised[i];

		registers->raised[i] += emu_get32(device->staging + i * 8);
		registers->acked[i] += emu_get32(device->staging + i * 8 + 4);
		if (local)
			log_renumbered(device, i, local, registers->raised[i]);
	}
}

static void take_end(struct emu_device *device)
{
	struct emu_load *load = &device->load;
	bool right = !load->mismatch && emu_get64(device->staging) == load->checksum;

	if (!right)
		right = is_blind(device);
	if (emu_fault(device, EMU_OPERATION_LOAD, -1) == EMU_FAULT_SWALLOW)
		emu_reset_internals(device);
	device->registers.seed = load->seed;
	device->status |= right ? EMU_STATUS_VERIFIED : EMU_STATUS_STATE_ERROR;
	load->complete = true;
}

/* The payload is whole (and in the staging area, if it is one of the short ones). */
static int close_chunk(struct emu_device *device)
{
	device->load.in_chunk = false;
	device->load.header_have = 0;
	switch (device->load.kind) {
	case EMU_CHUNK_HEAD:
		return take_head(device);
	case EMU_CHUNK_CONFIG:
		take_config(device);
		return 0;
	case EMU_CHUNK_REGISTERS:
		emu_registers_unpack(device, device->staging);
		return 0;
	case EMU_CHUNK_VECTORS:
		take_vectors(device);
		return 0;
	case EMU_CHUNK_END:
		take_end(device);
		return 0;
	default:
		return 0;
	}
}

static void take_payload(struct emu_device *device, const u8 *buffer, u64 bytes)
{
	struct emu_load *load = &device->load;
	u8 *target = load->kind == EMU_CHUNK_MEMORY ? device->memory : device->staging;

	if (emu_is_bulk(load->kind)) {
		u32 which = load->kind == EMU_CHUNK_BULK_STOP;

		if (!emu_bulk_matches(buffer, bytes, load->seed, load->kind,
				      load->bulk_have[which]))
			load->mismatch = true;
		load->bulk_have[which] += bytes;
	} else {
		memcpy(target + load->have, buffer, bytes);
		if (load->kind != EMU_CHUNK_END)
			load->checksum = emu_checksum(load->checksum, target + load->have, bytes);
	}
	load->have += (u32)bytes;
}

/*
 * The fault `state-byte`: inverts a bit of bulk data or memory, on which neither
 * the form depends nor what the lab counts.  Only writes with such content have
 * a number.
 */
static bool bit_flips(struct emu_device *device, bool *asked)
{
	if (*asked || !(emu_is_bulk(device->load.kind) || device->load.kind == EMU_CHUNK_MEMORY))
		return false;
	*asked = true;
	return emu_fault(device, EMU_OPERATION_STATE_BYTE, -1) == EMU_FAULT_FLIP;
}

/* Part of a header: true when it is whole. */
static bool take_header(struct emu_load *load, const u8 *buffer, u64 *bytes)
{
	*bytes = emu_smaller(*bytes, EMU_CHUNK_HEADER - load->header_have);
	memcpy(load->header + load->header_have, buffer, *bytes);
	load->header_have += (u32)*bytes;
	return load->header_have == EMU_CHUNK_HEADER;
}

/*
 * Bytes taken, or -EINVAL.  A refusal leaves the stream where it was, so that
 * the user can do what is missing and go on; any other error is final.
 */
s64 emu_load_write(struct emu_device *device, const u8 *buffer, u64 bytes)
{
	struct emu_load *load = &device->load;
	bool refusal = false, asked = false;
	u64 done = 0;
	int error = load->failed ? -EINVAL : 0;

	if (load->blind) {
		load->total += bytes;
		return (s64)bytes;
	}
	while (!error && done < bytes) {
		u64 part = bytes - done;

		if (load->in_chunk) {
			u8 flipped = buffer[done] ^ 1;
			bool flips = bit_flips(device, &asked);

			part = flips ? 1 : emu_smaller(part, load->length - load->have);
			take_payload(device, flips ? &flipped : buffer + done, part);
			if (load->have == load->length)
				error = close_chunk(device);
		} else {
			if (take_header(load, buffer + done, &part))
				error = open_chunk(device, &refusal);
			if (refusal) {
				load->header_have -= (u32)part;
				break;
			}
		}
		done += part;
	}
	load->total += done;
	if (refusal)
		return done ? (s64)done : -EINVAL;
	if (error && is_blind(device))
		return (s64)bytes;
	if (error) {
		load->failed = true;
		device->status |= EMU_STATUS_STATE_ERROR;
	}
	return error ? error : (s64)done;
}
