// SPDX-License-Identifier: GPL-2.0-or-later
/* A device with surroundings made for tests. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

static void *get_trigger(void *context, int fd)
{
	struct fixture *fixture = context;

	if (fd < 0 || fd >= FIXTURE_FDS)
		return NULL;
	fixture->eventfds[fd].users++;
	return &fixture->eventfds[fd];
}

static void put_trigger(void *context, void *trigger)
{
	struct eventfd *eventfd = trigger;

	(void)context;
	if (!eventfd->users)
		abort();
	eventfd->users--;
}

static void signal_trigger(void *context, void *trigger)
{
	const struct fixture *fixture = context;
	struct eventfd *eventfd = trigger;

	if (!eventfd->users)
		abort();
	eventfd->signals++;
	eventfd->log_length = fixture->log_length;
}

static int dma_write(void *context, u64 iova, const void *data, u32 bytes)
{
	struct fixture *fixture = context;

	if (iova < FIXTURE_RING || iova - FIXTURE_RING + bytes > sizeof(fixture->ring))
		return -EFAULT;
	memcpy(fixture->ring + (iova - FIXTURE_RING), data, bytes);
	return 0;
}

static int dma_read(void *context, u64 iova, void *data, u32 bytes)
{
	const struct fixture *fixture = context;

	if (iova < FIXTURE_RING || iova - FIXTURE_RING + bytes > sizeof(fixture->ring))
		return -EFAULT;
	memcpy(data, fixture->ring + (iova - FIXTURE_RING), bytes);
	return 0;
}

static void pause_device(void *context, u32 milliseconds)
{
	struct fixture *fixture = context;

	fixture->paused_ms += milliseconds;
}

static void reset_others(void *context)
{
	struct fixture *fixture = context;

	fixture->others_reset++;
}

static void write_log(void *context, const char *event, const char *text)
{
	struct fixture *fixture = context;
	u32 room = FIXTURE_LOG_SIZE - fixture->log_length;
	int length;

	if (fixture->log_off)
		return;
	length = snprintf(fixture->log + fixture->log_length, room, "%s %s\n", event, text);
	/* A full log takes no more, and keeps whole lines. */
	if (length < 0 || (u32)length >= room)
		fixture->log[fixture->log_length] = '\0';
	else
		fixture->log_length += (u32)length;
}

static const struct emu_host host = {
	.get_trigger = get_trigger,
	.put_trigger = put_trigger,
	.signal = signal_trigger,
	.dma_write = dma_write,
	.dma_read = dma_read,
	.pause = pause_device,
	.reset_others = reset_others,
	.log = write_log,
};

int parse_settings(struct emu_profile *profile, const char *settings)
{
	char copy[1024];
	char error[EMU_ERROR_SIZE];
	char *line, *next;

	if (strlen(settings) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, settings);
	for (line = copy; *line; line = next) {
		char *equals = strchr(line, '=');

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!equals)
			return -EINVAL;
		*equals = '\0';
		if (emu_profile_set(profile, line, equals + 1, error)) {
			printf("# %s=%s: %s\n", line, equals + 1, error);
			return -EINVAL;
		}
	}
	return 0;
}

static u64 config_offset(u32 offset)
{
	return ((u64)VFIO_PCI_CONFIG_REGION_INDEX << EMU_REGION_SHIFT) + offset;
}

/* As a driver does before anything else. */
static void let_master(struct fixture *fixture)
{
	const u8 command[2] = { 0x06, 0x00 };

	if (emu_write(fixture->device, config_offset(4), command, 2) != 2)
		abort();
	log_clear(fixture);
}

struct fixture *fixture_new(const char *settings)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	bool v1;

	if (!fixture)
		abort();
	emu_profile_defaults(&fixture->profile);
	fixture->device = calloc(1, emu_device_size());
	if (!fixture->device)
		abort();
	if (!parse_settings(&fixture->profile, settings)) {
		v1 = fixture->profile.protocol & EMU_PROTOCOL_V1;
		if (!emu_device_init(fixture->device, &fixture->profile, &host, fixture,
				     fixture->memory, v1 ? fixture->migration_data : NULL,
				     v1 ? FIXTURE_DATA_SIZE : 0)) {
			let_master(fixture);
			return fixture;
		}
	}
	free(fixture->device);
	free(fixture);
	return NULL;
}

void fixture_free(struct fixture *fixture)
{
	if (!fixture)
		return;
	emu_device_close(fixture->device);
	free(fixture->device);
	free(fixture);
}

u32 log_count(const struct fixture *fixture, const char *event, const char *text)
{
	const char *line = fixture->log;
	size_t event_length = strlen(event);
	char wanted[200] = "";
	u32 count = 0;
	u32 i;

	for (i = 0; text && text[i] && i < sizeof(wanted) - 1; i++)
		wanted[i] = text[i] == '\'' ? '"' : text[i];
	while (*line) {
		size_t length = strcspn(line, "\n");
		const char *found = strstr(line, wanted);

		if (!strncmp(line, event, event_length) && line[event_length] == ' ' && found &&
		    found < line + length)
			count++;
		line += length + 1;
	}
	return count;
}

void log_clear(struct fixture *fixture)
{
	fixture->log_length = 0;
	fixture->log[0] = '\0';
}

u32 read_register(struct fixture *fixture, u32 offset)
{
	u32 value = 0;

	if (emu_read(fixture->device, offset, &value, 4) != 4)
		abort();
	return value;
}

void write_register(struct fixture *fixture, u32 offset, u32 value)
{
	if (emu_write(fixture->device, offset, &value, 4) != 4)
		abort();
}

u32 read_config(struct fixture *fixture, u32 offset, u32 bytes)
{
	u32 value = 0;

	if (emu_read(fixture->device, config_offset(offset), &value, bytes) != bytes)
		abort();
	return value;
}

s64 write_config(struct fixture *fixture, u32 offset, u32 value, u32 bytes)
{
	return emu_write(fixture->device, config_offset(offset), &value, bytes);
}

int set_eventfds(struct fixture *fixture, u32 index, u32 start, u32 count, int first_fd)
{
	u32 bytes = (u32)sizeof(struct vfio_irq_set) + count * 4;
	struct vfio_irq_set *set = calloc(1, bytes);
	int result;
	u32 i;

	if (!set)
		abort();
	set->argsz = bytes;
	set->flags = DATA_EVENTFD | TRIGGER;
	set->index = index;
	set->start = start;
	set->count = count;
	for (i = 0; i < count; i++) {
		s32 fd = first_fd < 0 ? -1 : first_fd + (s32)i;

		memcpy(set->data + i * 4, &fd, 4);
	}
	result = emu_set_irqs(fixture->device, set, bytes);
	free(set);
	return result;
}

int set_irqs(struct fixture *fixture, u32 index, u32 flags, u32 start, u32 count)
{
	const struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = flags, .index = index, .start = start,
		.count = count,
	};

	return emu_set_irqs(fixture->device, &set, sizeof(set));
}

struct state_feature {
	struct vfio_device_feature feature;
	struct vfio_device_feature_mig_state state;
};

int set_state(struct fixture *fixture, u32 state, enum emu_stream *wanted)
{
	struct state_feature set = {
		.feature = {
			.argsz = sizeof(set),
			.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		},
		.state = { .device_state = state },
	};
	enum emu_stream stream;
	int result = emu_feature(fixture->device, &set.feature, sizeof(set), &stream);

	if (wanted)
		*wanted = stream;
	return result;
}

int get_state(struct fixture *fixture)
{
	struct state_feature get = {
		.feature = {
			.argsz = sizeof(get),
			.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		},
	};
	enum emu_stream wanted;
	int result = emu_feature(fixture->device, &get.feature, sizeof(get), &wanted);

	return result ? result : (int)get.state.device_state;
}

s64 read_all(struct fixture *fixture, u8 *stream, u64 size, u64 piece)
{
	u64 done = 0;

	while (done < size) {
		u64 want = size - done < piece ? size - done : piece;
		s64 got = emu_migration_read(fixture->device, stream + done, want);

		if (got == -ENOMSG || !got)
			break;
		if (got < 0)
			return got;
		done += (u64)got;
	}
	return (s64)done;
}

s64 write_all(struct fixture *fixture, const u8 *stream, u64 bytes, u64 piece)
{
	u64 done = 0;

	if (!piece)
		piece = bytes;
	while (done < bytes) {
		u64 want = bytes - done < piece ? bytes - done : piece;
		s64 got = emu_migration_write(fixture->device, stream + done, want);

		if (got <= 0)
			return got;
		done += (u64)got;
	}
	return (s64)done;
}
