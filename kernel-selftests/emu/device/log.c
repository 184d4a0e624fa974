// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of the log: the device makes the JSON members of an event, the host
 * adds what it knows (time, device) and writes them out.
 */
#include "log.h"

#include "model.h"

static void append(struct emu_text *text, const char *string)
{
	while (*string && text->length < sizeof(text->data) - 1)
		text->data[text->length++] = *string++;
	text->data[text->length] = '\0';
}

static void append_key(struct emu_text *text, const char *key)
{
	append(text, text->length ? ",\"" : "\"");
	append(text, key);
	append(text, "\":");
}

void emu_text_number(struct emu_text *text, const char *key, u64 value)
{
	char digits[21];
	u32 at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	append_key(text, key);
	append(text, digits + at);
}

/* All strings are the model's own names: none needs escaping. */
void emu_text_string(struct emu_text *text, const char *key, const char *value)
{
	append_key(text, key);
	append(text, "\"");
	append(text, value);
	append(text, "\"");
}

void emu_text_flag(struct emu_text *text, const char *key, bool value)
{
	append_key(text, key);
	append(text, value ? "true" : "false");
}

void emu_text_errno(struct emu_text *text, int error)
{
	emu_text_number(text, "errno", (u64)(error < 0 ? -error : 0));
}

void emu_log(struct emu_device *device, const char *event, const struct emu_text *text)
{
	device->host->log(device->context, event, text->data);
}
