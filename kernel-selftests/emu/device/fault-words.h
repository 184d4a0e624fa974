/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults as devices.conf words them; the words are in faults.def. */
#ifndef EMU_FAULT_WORDS_H
#define EMU_FAULT_WORDS_H

#include "platform.h"

/* The operations that a fault can hit. */
enum emu_operation {
	EMU_OPERATION_STATE,
	EMU_OPERATION_DATA_READ,
	EMU_OPERATION_DATA_WRITE,
	EMU_OPERATION_SET_IRQS,
	EMU_OPERATION_CONFIG_READ,
	EMU_OPERATION_CONFIG_WRITE,
	EMU_OPERATION_RESET,
	EMU_OPERATION_RAISE,
	EMU_OPERATION_STATE_BYTE,	/* a data write that has bulk data or memory */
	EMU_OPERATION_FORBIDDEN_STATE,	/* a change of state that is refused */
	EMU_OPERATION_PRE_COPY_END,	/* a read where pre-copy has nothing more */
	EMU_OPERATION_PRECOPY_INFO,
	EMU_OPERATION_PENDING_BYTES,	/* v1's register is read */
	EMU_OPERATION_DATA_SIZE,
	EMU_OPERATION_LOAD_CHECK,	/* one that finds something wrong with the data */
	EMU_OPERATION_LOAD,		/* all data have come */
	EMU_OPERATION_LOOP_BACK,	/* the user raises interrupts itself */
	EMU_OPERATION_CLOSE,
	EMU_OPERATION_DIRTY_PAGE,	/* a write to guest memory is noted */
	EMU_OPERATION_MIGRATION_FLAGS,	/* v2: the user asks what the migration supports */
};

/* Results of faults that are no errno values. */
#define EMU_FAULT_SHORT		1	/* half of the bytes */
#define EMU_FAULT_SWALLOW	2	/* success is reported, nothing happens */
#define EMU_FAULT_FLIP		3
#define EMU_FAULT_ACCEPT	4	/* what is wrong passes */
#define EMU_FAULT_MOVE		5	/* it is refused, and the state changes all the same */
#define EMU_FAULT_DROP		6	/* the first byte is lost */
#define EMU_FAULT_MORE		7	/* a number is too large */
#define EMU_FAULT_ZERO		8	/* a number is 0 */
#define EMU_FAULT_SPREAD	9	/* it hits other devices, too */
#define EMU_FAULT_LATE		10	/* it comes after a while, and whatever the state is */

/* How much a number is too large. */
#define EMU_FAULT_BYTES		(1u << 20)

/* Where in a migration data is read; also the tag that it carries in the stream. */
#define EMU_PHASE_PRE_COPY	1
#define EMU_PHASE_STOP_COPY	2

struct emu_fault {
	enum emu_operation operation;
	/*
	 * Which of them.  States: the new one; data reads: the phase; SET_IRQS: 1 is one
	 * that gives a destination an eventfd for its interrupts; -1: all.
	 */
	int detail;
	u32 nth;		/* the nth matching operation, from 1 */
	int result;		/* negative errno, or EMU_FAULT_... */
	u32 seen;		/* how many matched so far */
};

/* `value` is `OPERATION:NTH:RESULT`; false: it is not. */
bool emu_fault_parse(struct emu_fault *fault, const char *value);

/* As the log has them: an operation without its detail. */
const char *emu_operation_name(enum emu_operation operation);
const char *emu_result_name(int result);

#endif
