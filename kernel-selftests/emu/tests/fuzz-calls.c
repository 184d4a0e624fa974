// SPDX-License-Identifier: GPL-2.0-or-later
/* The single calls of the fuzzer, and what must hold for each. */
#include <stdlib.h>

#include "fuzz.h"

#define MIGRATION_REGION	((u64)EMU_MIGRATION_REGION << EMU_REGION_SHIFT)

/* Mostly small, sometimes any 32-bit value. */
static u32 odd_number(struct fuzz *fuzz)
{
	switch (pick(fuzz, 4)) {
	case 0:
		return pick(fuzz, 4);
	case 1:
		return pick(fuzz, 70);
	case 2:
		return 1u << pick(fuzz, 32);
	default:
		return pick(fuzz, 0xffffffff);
	}
}

static u32 v1_bits(int state)
{
	static const u32 bits[] = { 6, 0, 1, 2, 4 };

	return state == PRE_COPY ? 3 : bits[state];
}

static int put_state(struct fuzz *fuzz, u32 state)
{
	struct fixture *fixture = fuzz->fixture;
	u32 bits;
	s64 result;

	if (!is_v1(fuzz))
		return set_state(fixture, state, NULL);
	bits = state > PRE_COPY || state == RUNNING_P2P ? 5 : v1_bits((int)state);
	result = emu_write(fixture->device, MIGRATION_REGION, &bits, 4);
	return result == 4 ? 0 : (int)result;
}

bool exists(const struct fuzz *fuzz, u32 state)
{
	const struct emu_profile *profile = &fuzz->fixture->profile;

	switch (state) {
	case STOP:
	case RUNNING:
	case STOP_COPY:
	case RESUMING:
		return true;
	case RUNNING_P2P:
		return !is_v1(fuzz) && profile->p2p;
	case PRE_COPY:
		return is_v1(fuzz) || profile->pre_copy;
	case PRE_COPY_P2P:
		return !is_v1(fuzz) && profile->p2p && profile->pre_copy;
	default:
		return false;
	}
}

/* As the uAPI has it, without the device's code. */
static bool is_legal(const struct fuzz *fuzz, u32 from, u32 to)
{
	if (!exists(fuzz, to) || from == ERROR_STATE)
		return false;
	if (from == to)
		return true;
	if (from == STOP_COPY && (to == PRE_COPY || to == PRE_COPY_P2P))
		return false;
	if (!is_v1(fuzz))
		return true;
	if (from == RESUMING)
		return to == STOP || to == RUNNING;
	if (from == PRE_COPY)
		return to == STOP_COPY || to == RUNNING;
	if (from == STOP_COPY)
		return to == STOP || to == RUNNING;
	return !(from == STOP && to == PRE_COPY);
}

static void call_set_state(struct fuzz *fuzz)
{
	struct fixture *fixture = fuzz->fixture;
	u32 from = (u32)emu_state(fixture->device);
	u32 to = pick(fuzz, 10) ? pick(fuzz, 8) : odd_number(fuzz);
	int result = put_state(fuzz, to);
	u32 now = (u32)emu_state(fixture->device);

	if (!is_legal(fuzz, from, to) && result != -EINVAL)
		fail(fuzz, "an illegal transition was not refused");
	if (!result && now != to)
		fail(fuzz, "a transition went elsewhere");
	if (result && now != from && !(from == RESUMING && now == ERROR_STATE))
		fail(fuzz, "a failed transition changed the state");
	if (result && is_legal(fuzz, from, to) && from != RESUMING && !fixture->profile.fault_count)
		fail(fuzz, "a legal transition failed");
}

static void call_set_irqs(struct fuzz *fuzz)
{
	u32 items = pick(fuzz, 40) * 4;
	u32 bytes = (u32)sizeof(struct vfio_irq_set) + items;
	struct vfio_irq_set *set = calloc(1, bytes);
	u32 i;

	if (!set)
		abort();
	set->argsz = pick(fuzz, 8) ? bytes : odd_number(fuzz);
	set->index = pick(fuzz, 10) ? pick(fuzz, 5) : odd_number(fuzz);
	set->flags = pick(fuzz, 8) ? 1u << pick(fuzz, 3) | 8u << pick(fuzz, 3) : odd_number(fuzz);
	set->start = pick(fuzz, 3) ? 0 : odd_number(fuzz);
	set->count = pick(fuzz, 3) ? items / 4 : odd_number(fuzz);
	for (i = 0; i < items / 4; i++) {
		s32 fd = pick(fuzz, 5) ? (s32)pick(fuzz, 64) : -1;

		if (!pick(fuzz, 50))
			fd = (s32)odd_number(fuzz);
		memcpy(set->data + i * 4, &fd, 4);
	}
	emu_set_irqs(fuzz->fixture->device, set, bytes);
	free(set);
}

static u64 odd_offset(struct fuzz *fuzz)
{
	static const u32 regions[] = { 0, 0, 0, 0, 2, 4, 7, 7, 9, 9 };
	u64 region = pick(fuzz, 20) ? regions[pick(fuzz, 10)] : odd_number(fuzz);
	u64 position;

	switch (pick(fuzz, 4)) {
	case 0:
		position = odd_number(fuzz);
		break;
	case 1:
		position = pick(fuzz, 0x12000);
		break;
	default:
		position = pick(fuzz, 0x60) & ~3u;
		break;
	}
	return (region << EMU_REGION_SHIFT) + position;
}

static void call_region(struct fuzz *fuzz)
{
	static const u32 sizes[] = { 1, 2, 4, 4, 4, 8, 8, 0 };
	u32 bytes = pick(fuzz, 8) ? sizes[pick(fuzz, 8)] : pick(fuzz, 3000);
	u64 offset = odd_offset(fuzz);
	u8 *buffer = malloc(bytes ? bytes : 1);
	s64 result;
	u32 i;

	if (!buffer)
		abort();
	for (i = 0; i < bytes; i++)
		buffer[i] = (u8)(pick(fuzz, 3) ? 0 : pick(fuzz, 256));
	if (bytes && pick(fuzz, 2))
		buffer[0] = (u8)pick(fuzz, 64);
	if (pick(fuzz, 2))
		result = emu_read(fuzz->fixture->device, offset, buffer, bytes);
	else
		result = emu_write(fuzz->fixture->device, offset, buffer, bytes);
	if (result > (s64)bytes)
		fail(fuzz, "more bytes than asked for");
	free(buffer);
}

static void call_info(struct fuzz *fuzz)
{
	struct emu_device *device = fuzz->fixture->device;
	u32 argsz = pick(fuzz, 200);
	struct vfio_region_info *region = calloc(1, sizeof(*region) + argsz);
	struct vfio_irq_info irq = { .argsz = pick(fuzz, 20), .index = odd_number(fuzz) };
	struct vfio_precopy_info precopy = { .argsz = sizeof(precopy) };

	if (!region)
		abort();
	region->argsz = argsz;
	region->index = pick(fuzz, 12);
	emu_get_region_info(device, region);
	emu_get_irq_info(device, &irq);
	emu_get_precopy_info(device, &precopy);
	free(region);
}

static void call_feature(struct fuzz *fuzz)
{
	u32 bytes = (u32)sizeof(struct vfio_device_feature) + pick(fuzz, 3) * 8;
	struct vfio_device_feature *feature = calloc(1, bytes);
	enum emu_stream wanted;

	if (!feature)
		abort();
	feature->argsz = pick(fuzz, 4) ? bytes : odd_number(fuzz);
	feature->flags = pick(fuzz, 12) | pick(fuzz, 8) << 16;
	if (!pick(fuzz, 8))
		feature->flags = odd_number(fuzz);
	if (bytes >= sizeof(*feature) + 4)
		feature->data[0] = (u8)pick(fuzz, 9);
	if (emu_feature(fuzz->fixture->device, feature, bytes, &wanted) && wanted)
		fail(fuzz, "a failed request wants a descriptor");
	free(feature);
}

static void call_migration_read(struct fuzz *fuzz)
{
	u64 room = STREAM_SIZE - fuzz->stream_bytes;
	u64 bytes = pick(fuzz, 100000);
	s64 result;

	if (bytes > room)
		fuzz->stream_bytes = 0;
	result = emu_migration_read(fuzz->fixture->device, fuzz->stream + fuzz->stream_bytes,
				    bytes);
	if (result > (s64)bytes)
		fail(fuzz, "more stream than asked for");
	if (result > 0)
		fuzz->stream_bytes += (u64)result;
}

/* Part of what was read before, possibly with a wrong byte; or random bytes. */
static void call_migration_write(struct fuzz *fuzz)
{
	u64 bytes = pick(fuzz, 5000);
	u64 from = 0;
	u8 *copy = calloc(1, bytes ? bytes : 1);

	if (!copy)
		abort();
	if (bytes > fuzz->stream_bytes)
		bytes = fuzz->stream_bytes;
	if (pick(fuzz, 4) == 0 && bytes)
		from = pick(fuzz, (u32)(fuzz->stream_bytes - bytes) + 1);
	memcpy(copy, fuzz->stream + from, bytes);
	if (pick(fuzz, 3) == 0 && bytes)
		copy[pick(fuzz, (u32)bytes)] ^= (u8)(1 << pick(fuzz, 8));
	emu_migration_write(fuzz->fixture->device, copy, bytes);
	free(copy);
}

static void call_other(struct fuzz *fuzz)
{
	struct fixture *fixture = fuzz->fixture;

	switch (pick(fuzz, 4)) {
	case 0:
		emu_reset(fixture->device);
		break;
	case 1:
		fixture->memory[pick(fuzz, EMU_MEMORY_SIZE)] ^= 1;
		break;
	case 2:
		/* Its user may write here at any time. */
		fixture->migration_data[pick(fuzz, 4096)] ^= 1;
		break;
	default:
		emu_before_dirty_report(fixture->device);
		break;
	}
}

void make_call(struct fuzz *fuzz)
{
	static void (* const calls[])(struct fuzz *) = {
		call_set_state, call_set_state, call_set_state, call_set_irqs, call_set_irqs,
		call_region, call_region, call_region, call_region, call_info, call_feature,
		call_migration_read, call_migration_read, call_migration_write,
		call_migration_write, call_other,
	};

	calls[pick(fuzz, ARRAY_SIZE(calls))](fuzz);
}
