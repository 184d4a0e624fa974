/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a device behaves: the keys of devices.conf that concern the device itself.
 * They, their limits and their words are in profile.def.
 */
#ifndef EMU_PROFILE_H
#define EMU_PROFILE_H

#include "fault-words.h"
#include "platform.h"

enum {
#define EMU_LIMIT(name, value) EMU_##name = value,
#include "profile.def"
};

enum emu_protocol {
#define EMU_PROTOCOL(word, name, value) EMU_PROTOCOL_##name = value,
#define EMU_PROTOCOL_PAIR(word, name, value) EMU_PROTOCOL_##name = value,
#include "profile.def"
};

enum emu_requirement {
	EMU_REQUIRE_NOTHING,
#define EMU_REQUIREMENT(word, name) EMU_REQUIRE_##name,
#include "profile.def"
};

/* Bits of emu_profile.raise_on. */
enum {
#define EMU_MOMENT(word, name, bit) EMU_RAISE_ON_##name = bit,
#include "profile.def"
};

struct emu_profile {
	enum emu_protocol protocol;
	u32 seed;
	u32 vectors;
	u32 msi_vectors;
	u32 interrupt_pin;
	bool pre_copy, p2p, region_mmap, memory_mmap, dma_logging, dirty_drop, self_contained;
	bool config_first;	/* it says that it wants config space before its data */
	enum emu_requirement require;
	u32 raise_on, raise_vector;
	u32 stop_copy_pause_ms;	/* once, in the second stop-copy read */
	u32 quiet_reports;	/* so many times that dirty pages are asked for, it has written none */
	u64 pre_copy_bytes, stop_copy_bytes;
	u64 reinit_bytes;	/* of those of pre-copy: there only when the others were read */
	u32 fault_count;
	struct emu_fault faults[EMU_MAX_FAULTS];
};

#define EMU_ERROR_SIZE	128

void emu_profile_defaults(struct emu_profile *profile);
/*
 * One line `key=value` of devices.conf into `profile`; -EINVAL with a reason in
 * `error`, which has EMU_ERROR_SIZE bytes.
 */
int emu_profile_set(struct emu_profile *profile, const char *key, const char *value, char *error);
/* Do its values fit together? */
bool emu_profile_is_sound(const struct emu_profile *profile);
const char *emu_requirement_name(enum emu_requirement requirement);

#endif
