/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the log. */
#ifndef EMU_LOG_H
#define EMU_LOG_H

#include "platform.h"

struct emu_device;

/* The JSON members of an event. */
struct emu_text {
	char data[320];
	u32 length;
};

void emu_text_number(struct emu_text *text, const char *key, u64 value);
void emu_text_string(struct emu_text *text, const char *key, const char *value);
void emu_text_flag(struct emu_text *text, const char *key, bool value);
void emu_text_errno(struct emu_text *text, int error);	/* 0 or negative errno */
void emu_log(struct emu_device *device, const char *event, const struct emu_text *text);

#endif
