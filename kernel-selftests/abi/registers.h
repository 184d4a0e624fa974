/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers in BAR 0, which the device has and its driver uses. */
#ifndef ABI_REGISTERS_H
#define ABI_REGISTERS_H

#define REGISTERS_ID	0x71706574	/* what REGISTER_ID reads */

enum register_offset {
	REGISTER_ID = 0x000,
	REGISTER_VERSION = 0x004,
	REGISTER_VECTORS = 0x008,
	REGISTER_STATUS = 0x00c,
	REGISTER_RAISE = 0x010,
	REGISTER_ACK = 0x014,
	REGISTER_INTX = 0x018,
	REGISTER_RAISED = 0x01c,
	REGISTER_ACKED = 0x020,
	REGISTER_SPURIOUS = 0x024,
	REGISTER_RING_LOW = 0x028,
	REGISTER_RING_HIGH = 0x02c,
	REGISTER_RING_PAGES = 0x030,
	REGISTER_KICK = 0x034,
	REGISTER_SELECT = 0x038,
	REGISTER_SEQUENCE = 0x03c,
	REGISTER_SEED = 0x040,
	REGISTER_RESET = 0x044,
	REGISTER_MEMORY_SUM = 0x048,
	REGISTER_PULL = 0x04c,
	REGISTER_DIGEST = 0x050,
	REGISTER_MEMORY_BYTES = 0x054,	/* how large BAR 2 is */
	REGISTER_SCRATCH = 0x058,	/* eight bytes that mean nothing, written by accesses of any width */
	REGISTER_SCRATCH_END = 0x060,
	REGISTER_PENDING = 0x100,	/* a bit of each vector */
	REGISTER_PENDING_END = 0x200,
	REGISTER_CONFIG = 0x400,	/* configuration space as the device holds it */
};

#endif
