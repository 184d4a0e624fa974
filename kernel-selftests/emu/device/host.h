/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the surroundings do for the device.  A trigger is whatever get_trigger
 * made of a file descriptor (an eventfd); NULL means none.
 */
#ifndef EMU_HOST_H
#define EMU_HOST_H

#include "platform.h"

struct emu_host {
	void *(*get_trigger)(void *context, int fd);	/* NULL: not a valid one */
	void (*put_trigger)(void *context, void *trigger);
	void (*signal)(void *context, void *trigger);
	void (*signal_late)(void *context, void *trigger);	/* a fault; NULL: not to be had */
	int (*dma_write)(void *context, u64 iova, const void *data, u32 bytes);
	int (*dma_read)(void *context, u64 iova, void *data, u32 bytes);
	void (*pause)(void *context, u32 milliseconds);
	void (*reset_others)(void *context);	/* a fault: a reset of this device hits all others */
	/*
	 * v2: the first step of a way between two states that are not ERROR, or -errno.
	 * NULL: by the model's own table, as with v1.
	 */
	int (*next_state)(void *context, int from, int to);
	/* One line of the log: `text` is JSON members, `"vector":3,"sent":true`, or is empty. */
	void (*log)(void *context, const char *event, const char *text);
};

#endif
