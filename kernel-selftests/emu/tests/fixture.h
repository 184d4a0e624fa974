/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device with surroundings made for tests: eventfds are counters, guest
 * memory is an array, the log is kept as text.
 */
#ifndef EMU_TESTS_FIXTURE_H
#define EMU_TESTS_FIXTURE_H

#include "../device/device.h"

#define FIXTURE_FDS		4096	/* descriptors 0.. are eventfds */
#define FIXTURE_RING		0x40000000ull
#define FIXTURE_RING_PAGES	4
#define FIXTURE_DATA_SIZE	0x10000	/* v1's data area */
#define FIXTURE_LOG_SIZE	(1 << 20)

#define DATA_NONE	VFIO_IRQ_SET_DATA_NONE
#define DATA_EVENTFD	VFIO_IRQ_SET_DATA_EVENTFD
#define DATA_BOOL	VFIO_IRQ_SET_DATA_BOOL
#define MASK		VFIO_IRQ_SET_ACTION_MASK
#define UNMASK		VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER		VFIO_IRQ_SET_ACTION_TRIGGER

#define INTX		VFIO_PCI_INTX_IRQ_INDEX
#define MSI		VFIO_PCI_MSI_IRQ_INDEX
#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX

enum state {
	ERROR_STATE, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P
};

struct eventfd {
	u32 signals;
	u32 users;
	u32 log_length;		/* of the fixture, at the last signal */
};

struct fixture {
	struct emu_device *device;
	struct emu_profile profile;
	struct eventfd eventfds[FIXTURE_FDS];
	u8 memory[EMU_MEMORY_SIZE];
	u8 migration_data[FIXTURE_DATA_SIZE];
	u8 ring[FIXTURE_RING_PAGES * EMU_PAGE_SIZE];
	u32 paused_ms;
	u32 others_reset;
	u32 log_length;
	char log[FIXTURE_LOG_SIZE];	/* "event text\n" each */
	bool log_off;
};

/* `settings`: "key=value" lines on top of the defaults.  NULL: they were wrong. */
struct fixture *fixture_new(const char *settings);
void fixture_free(struct fixture *fixture);	/* NULL is no fixture */

int parse_settings(struct emu_profile *profile, const char *settings);

/* Lines of an event that hold `text` (NULL: any), in which ' stands for ". */
u32 log_count(const struct fixture *fixture, const char *event, const char *text);
void log_clear(struct fixture *fixture);

u32 read_register(struct fixture *fixture, u32 offset);
void write_register(struct fixture *fixture, u32 offset, u32 value);
u32 read_config(struct fixture *fixture, u32 offset, u32 bytes);
s64 write_config(struct fixture *fixture, u32 offset, u32 value, u32 bytes);

/* SET_IRQS with eventfds first_fd, first_fd + 1, ... (-1: all of them are -1). */
int set_eventfds(struct fixture *fixture, u32 index, u32 start, u32 count, int first_fd);
int set_irqs(struct fixture *fixture, u32 index, u32 flags, u32 start, u32 count);

/* v2: SET and GET of the state. */
int set_state(struct fixture *fixture, u32 state, enum emu_stream *wanted);
int get_state(struct fixture *fixture);

/* All that there is to read in pieces of `piece`; bytes, or -errno.  `size`: of `stream`. */
s64 read_all(struct fixture *fixture, u8 *stream, u64 size, u64 piece);
/* `piece` 0: in one go. */
s64 write_all(struct fixture *fixture, const u8 *stream, u64 bytes, u64 piece);

#endif
