// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The migration data of a device as its user moves it, with the profile's
 * pause and faults; then what protocol v2's data descriptor does with it.
 */
#include "migration-data.h"

#include "bytes.h"
#include "faults.h"
#include "load.h"
#include "log.h"
#include "model.h"
#include "save.h"
#include "states.h"

static void log_data(struct emu_device *device, const char *event, const char *phase, u64 bytes,
		     u64 total, int error)
{
	struct emu_text text = { .length = 0 };

	emu_text_number(&text, "bytes", bytes);
	if (phase)
		emu_text_string(&text, "phase", phase);
	if (phase && emu_phase(device) == EMU_PHASE_PRE_COPY)
		emu_text_number(&text, "left", emu_save_remaining(device, EMU_PHASE_PRE_COPY));
	emu_text_number(&text, "total", total);
	emu_text_errno(&text, error);
	emu_log(device, event, &text);
}

/*
 * Reading a real device's state takes time: the reader waits, once, in its
 * second stop-copy read, before it gets anything.  Not in the first:
 * config space, which QEMU 5.2 writes just before that, would still be in the
 * source's buffers.  The first read's data push it out, so that the destination
 * has it while it waits for the rest.
 */
static void pause_in_second_read(struct emu_device *device, u32 phase)
{
	struct emu_text text = { .length = 0 };

	if (phase != EMU_PHASE_STOP_COPY || ++device->save.stop_copy_reads != 2)
		return;
	if (!device->profile.stop_copy_pause_ms)
		return;
	emu_text_number(&text, "ms", device->profile.stop_copy_pause_ms);
	emu_log(device, "pause", &text);
	device->host->pause(device->context, device->profile.stop_copy_pause_ms);
}

static u64 half(u64 bytes)
{
	return bytes > 1 ? bytes / 2 : bytes;
}

s64 emu_data_read(struct emu_device *device, u8 *buffer, u64 bytes)
{
	u32 phase = emu_phase(device);
	const char *phase_name = phase == EMU_PHASE_STOP_COPY ? "stop-copy" : "pre-copy";
	struct emu_save *save = &device->save;
	int fault = emu_fault(device, EMU_OPERATION_DATA_READ, (int)phase);
	u64 done;

	if (fault < 0) {
		log_data(device, "data-read", phase_name, 0, save->total, fault);
		return fault;
	}
	pause_in_second_read(device, phase);
	bytes = emu_smaller(bytes, emu_save_remaining(device, phase));
	if (fault == EMU_FAULT_SHORT)
		bytes = half(bytes);
	done = emu_save_read(device, buffer, bytes, phase);
	if (fault == EMU_FAULT_DROP && done > 1)
		memmove(buffer, buffer + 1, --done);
	if (done || phase == EMU_PHASE_STOP_COPY) {
		save->empty_logged = false;
		log_data(device, "data-read", phase_name, done, save->total, 0);
		return (s64)done;
	}
	if (emu_fault(device, EMU_OPERATION_PRE_COPY_END, -1) == EMU_FAULT_ZERO)
		return 0;
	/* QEMU asks again and again: once is enough in the log. */
	if (!save->empty_logged)
		log_data(device, "data-read", phase_name, 0, save->total, -ENOMSG);
	save->empty_logged = true;
	return -ENOMSG;
}

s64 emu_data_write(struct emu_device *device, const u8 *buffer, u64 bytes)
{
	int fault = emu_fault(device, EMU_OPERATION_DATA_WRITE, -1);
	s64 done;

	if (fault == EMU_FAULT_SHORT)
		bytes = half(bytes);
	done = fault < 0 ? fault : emu_load_write(device, buffer, bytes);
	log_data(device, "data-write", NULL, done < 0 ? 0 : (u64)done, device->load.total,
		 done < 0 ? (int)done : 0);
	return done;
}

s64 emu_migration_read(struct emu_device *device, void *buffer, u64 bytes)
{
	if (!emu_has_protocol(device, EMU_PROTOCOL_V2))
		return -EINVAL;
	if (!device->save.active)
		return -ENODEV;
	return emu_data_read(device, buffer, bytes);
}

s64 emu_migration_write(struct emu_device *device, const void *buffer, u64 bytes)
{
	if (!emu_has_protocol(device, EMU_PROTOCOL_V2))
		return -EINVAL;
	if (!device->load.active)
		return -ENODEV;
	return emu_data_write(device, buffer, bytes);
}

/* The flags that tell of it. */
static u32 log_new_data(struct emu_device *device, u64 bytes)
{
	struct emu_text text = { .length = 0 };

	if (!bytes)
		return 0;
	emu_text_number(&text, "bytes", bytes);
	emu_log(device, "reinit", &text);
	return VFIO_PRECOPY_INFO_REINIT;
}

int emu_get_precopy_info(struct emu_device *device, struct vfio_precopy_info *info)
{
	if (info->argsz < sizeof(*info) || !emu_has_protocol(device, EMU_PROTOCOL_V2))
		return -EINVAL;
	if (!device->save.active || emu_phase(device) != EMU_PHASE_PRE_COPY)
		return -EINVAL;
	info->flags = log_new_data(device, emu_save_reinit(device));
	info->initial_bytes = emu_save_remaining(device, EMU_PHASE_PRE_COPY);
	info->dirty_bytes = 0;
	switch (emu_fault(device, EMU_OPERATION_PRECOPY_INFO, -1)) {
	case EMU_FAULT_MORE:
		info->initial_bytes += EMU_FAULT_BYTES;
		break;
	case EMU_FAULT_ZERO:
		info->initial_bytes = 0;
		break;
	}
	return 0;
}
