// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the migration stream, as much at a time as the user asks for.  The
 * only thing kept of it is the current chunk.
 */
#include "save.h"

#include "bytes.h"
#include "model.h"
#include "stream.h"

/* What is to be sent, in order; pre-copy ends before STEP_STOP_CONFIG. */
enum save_step {
	STEP_HEAD, STEP_CONFIG, STEP_BULK_PRE,
	STEP_STOP_CONFIG, STEP_BULK_STOP, STEP_REGISTERS, STEP_VECTORS, STEP_MEMORY, STEP_END,
	STEP_DONE
};


void emu_save_end(struct emu_device *device)
{
	device->save.active = false;
}

void emu_save_take_prepared(struct emu_device *device)
{
	device->save.prepared = 0;
}

static u64 bulk_bytes(const struct emu_device *device, u32 which)
{
	if (which)
		return device->profile.stop_copy_bytes;
	return device->profile.pre_copy ? device->profile.pre_copy_bytes : 0;
}

void emu_save_begin(struct emu_device *device)
{
	memset(&device->save, 0, sizeof(device->save));
	device->save.active = true;
	device->save.seed = device->registers.seed;
	device->save.checksum = EMU_CHECKSUM_START;
	if (device->precopy_info_v2)
		device->save.held = emu_smaller(device->profile.reinit_bytes, bulk_bytes(device, 0));
}

/* Not in a chunk yet, and there. */
static u64 bulk_left(const struct emu_device *device, u32 which)
{
	return bulk_bytes(device, which) - device->save.bulk_taken[which] -
	       (which ? 0 : device->save.held);
}

static u64 with_headers(u64 bulk)
{
	return bulk + (bulk + EMU_BULK_CHUNK - 1) / EMU_BULK_CHUNK * EMU_CHUNK_HEADER;
}

/* The bytes of a step that are not in a chunk yet, headers included. */
static u64 step_bytes(const struct emu_device *device, u32 step)
{
	switch (step) {
	case STEP_HEAD:
		return EMU_CHUNK_HEADER + EMU_HEAD_BYTES;
	case STEP_CONFIG:
	case STEP_STOP_CONFIG:
		return device->profile.self_contained ? EMU_CHUNK_HEADER + EMU_CONFIG_BYTES : 0;
	case STEP_BULK_PRE:
		return with_headers(bulk_left(device, 0));
	case STEP_BULK_STOP:
		return with_headers(bulk_left(device, 1));
	case STEP_REGISTERS:
		return EMU_CHUNK_HEADER + EMU_REGISTERS_BYTES;
	case STEP_VECTORS:
		return EMU_CHUNK_HEADER + emu_vectors_bytes(device);
	case STEP_MEMORY:
		return EMU_CHUNK_HEADER + EMU_MEMORY_SIZE;
	case STEP_END:
		return EMU_CHUNK_HEADER + EMU_END_BYTES;
	default:
		return 0;
	}
}

static u32 last_step(u32 phase)
{
	return phase == EMU_PHASE_PRE_COPY ? STEP_STOP_CONFIG : STEP_DONE;
}

static u64 chunk_left(const struct emu_save *save)
{
	if (!save->in_chunk)
		return 0;
	return EMU_CHUNK_HEADER - save->header_sent + save->length - save->sent;
}

u64 emu_save_remaining(const struct emu_device *device, u32 phase)
{
	u64 bytes = chunk_left(&device->save);
	u32 step;

	for (step = device->save.step; step < last_step(phase); step++)
		bytes += step_bytes(device, step);
	if (phase == EMU_PHASE_STOP_COPY)	/* no more waiting: all that there is */
		bytes += with_headers(bulk_left(device, 0) + device->save.held) -
			 with_headers(bulk_left(device, 0));
	return bytes;
}

u64 emu_save_reinit(struct emu_device *device)
{
	u64 bytes = device->save.held;

	if (emu_save_remaining(device, EMU_PHASE_PRE_COPY))
		return 0;
	device->save.held = 0;
	return bytes;
}

/* An estimate that holds in any state: what stop-copy adds to pre-copy as it is. */
u64 emu_stop_copy_size(const struct emu_device *device)
{
	u64 bytes = with_headers(bulk_bytes(device, 1)) + with_headers(device->save.held);
	u32 step;

	for (step = STEP_REGISTERS; step < STEP_DONE; step++)
		bytes += step_bytes(device, step);
	return bytes + step_bytes(device, STEP_STOP_CONFIG);
}

static u32 kind_of_step(u32 step)
{
	switch (step) {
	case STEP_HEAD:
		return EMU_CHUNK_HEAD;
	case STEP_CONFIG:
	case STEP_STOP_CONFIG:
		return EMU_CHUNK_CONFIG;
	case STEP_BULK_PRE:
		return EMU_CHUNK_BULK_PRE;
	case STEP_BULK_STOP:
		return EMU_CHUNK_BULK_STOP;
	case STEP_REGISTERS:
		return EMU_CHUNK_REGISTERS;
	case STEP_VECTORS:
		return EMU_CHUNK_VECTORS;
	case STEP_MEMORY:
		return EMU_CHUNK_MEMORY;
	default:
		return EMU_CHUNK_END;
	}
}

static void stage_head(struct emu_device *device)
{
	u8 *bytes = device->staging;

	emu_put32(bytes, EMU_STREAM_VERSION);
	emu_put32(bytes + 4, device->save.seed);
	emu_put32(bytes + 8, device->profile.vectors);
	emu_put32(bytes + 12, device->profile.msi_vectors);
	emu_put64(bytes + 16, bulk_bytes(device, 0));
	emu_put64(bytes + 24, bulk_bytes(device, 1));
}

/* Puts the payload of the current chunk into the staging area, if it is one of the short ones. */
static void stage(struct emu_device *device)
{
	switch (device->save.kind) {
	case EMU_CHUNK_HEAD:
		stage_head(device);
		break;
	case EMU_CHUNK_CONFIG:
		memcpy(device->staging, device->config, EMU_CONFIG_SIZE);
		emu_put32(device->staging + EMU_CONFIG_SIZE, device->irq.hint);
		break;
	case EMU_CHUNK_REGISTERS:
		emu_registers_pack(device, device->staging);
		break;
	case EMU_CHUNK_VECTORS:
		emu_vectors_pack(device, device->staging);
		break;
	case EMU_CHUNK_END:
		emu_put64(device->staging, device->save.checksum);
		break;
	}
}

/* Makes the next chunk the current one; false: there is none (in this phase). */
static bool next_chunk(struct emu_device *device, u32 phase)
{
	struct emu_save *save = &device->save;

	while (save->step < last_step(phase) && !step_bytes(device, save->step)) {
		if (save->step == STEP_BULK_PRE && save->held)
			return false;
		save->step++;
	}
	if (save->step >= last_step(phase))
		return false;
	save->kind = kind_of_step(save->step);
	if (emu_is_bulk(save->kind)) {
		u32 which = save->kind == EMU_CHUNK_BULK_STOP;

		save->length = (u32)emu_smaller(bulk_left(device, which), EMU_BULK_CHUNK);
		save->bulk_start = save->bulk_taken[which];
		save->bulk_taken[which] += save->length;
	} else {
		save->length = (u32)step_bytes(device, save->step) - EMU_CHUNK_HEADER;
		save->step++;
	}
	save->in_chunk = true;
	save->header_sent = 0;
	save->sent = 0;
	emu_put32(save->header, EMU_STREAM_MAGIC | save->kind);
	emu_put32(save->header + 4, phase);
	emu_put32(save->header + 8, save->number++);
	emu_put32(save->header + 12, save->length);
	save->checksum = emu_checksum(save->checksum, save->header, EMU_CHUNK_HEADER);
	stage(device);
	return true;
}

static u64 emit_header(struct emu_save *save, u8 *buffer, u64 bytes)
{
	bytes = emu_smaller(bytes, EMU_CHUNK_HEADER - save->header_sent);
	memcpy(buffer, save->header + save->header_sent, bytes);
	save->header_sent += (u32)bytes;
	return bytes;
}

static u64 emit_payload(struct emu_device *device, u8 *buffer, u64 bytes)
{
	struct emu_save *save = &device->save;
	const u8 *source = save->kind == EMU_CHUNK_MEMORY ? device->memory : device->staging;

	bytes = emu_smaller(bytes, save->length - save->sent);
	if (emu_is_bulk(save->kind)) {
		emu_bulk_fill(buffer, bytes, save->seed, save->kind,
			      save->bulk_start + save->sent);
	} else {
		memcpy(buffer, source + save->sent, bytes);
		save->checksum = emu_checksum(save->checksum, buffer, bytes);
	}
	save->sent += (u32)bytes;
	return bytes;
}

u64 emu_save_read(struct emu_device *device, u8 *buffer, u64 bytes, u32 phase)
{
	struct emu_save *save = &device->save;
	u64 done = 0;

	if (phase == EMU_PHASE_STOP_COPY)
		save->held = 0;
	while (done < bytes) {
		if (!save->in_chunk && !next_chunk(device, phase))
			break;
		if (save->header_sent < EMU_CHUNK_HEADER)
			done += emit_header(save, buffer + done, bytes - done);
		else
			done += emit_payload(device, buffer + done, bytes - done);
		if (!chunk_left(save))
			save->in_chunk = false;
	}
	save->total += done;
	return done;
}
