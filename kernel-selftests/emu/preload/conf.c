// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads devices.conf: sections `[device]` of lines `key=value`, comments from #
 * at the beginning of a line.  The keys of behaviour are the model's
 * (emu_profile_set()); those of name and place are here.
 */
#define _GNU_SOURCE
#include "conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "devices.h"

#define EXIT_BAD_CONF 2

struct reader {
	const char *path;
	unsigned int line;
	struct emulated_device *device; /* of the section; NULL before the first */
};

static void __attribute__((noreturn, format(printf, 2, 3))) fail(const struct reader *reader,
								 const char *format, ...)
{
	va_list arguments;

	if (reader->line)
		fprintf(stderr, "%s:%u: ", reader->path, reader->line);
	else
		fprintf(stderr, "%s: ", reader->path);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	_exit(EXIT_BAD_CONF);
}

static void set_name(const struct reader *reader, char *name, const char *key, const char *value)
{
	/* It goes into paths and into the log's JSON as it is. */
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (!*value || strlen(value) >= NAME_SIZE || value[strspn(value, allowed)])
		fail(reader, "%s: 1 to %d letters, digits, or one of '-', '_', '.'", key,
		     NAME_SIZE - 1);
	strcpy(name, value);
}

static void set_key(const struct reader *reader, const char *key, const char *value)
{
	struct emulated_device *device = reader->device;
	char reason[EMU_ERROR_SIZE] = "";

	if (!device)
		fail(reader, "a key before the first [device]");
	if (!strcmp(key, "name"))
		set_name(reader, device->name, key, value);
	else if (!strcmp(key, "group"))
		set_name(reader, device->group, key, value);
	else if (!strcmp(key, "cdev"))
		set_name(reader, device->cdev, key, value);
	else if (emu_profile_set(&device->profile, key, value, reason))
		fail(reader, "%s: %s", key, reason);
}

/* Adds the device of the section that ends here. */
static void end_section(const struct reader *reader)
{
	struct emulated_device *device = reader->device;

	if (!device)
		return;
	if (!device->name[0])
		fail(reader, "the device before this line has no name");
	if (!device->group[0] && !device->cdev[0])
		fail(reader, "%s: neither group nor cdev", device->name);
	if (device_by_name(device->name))
		fail(reader, "%s: two devices of this name", device->name);
	if (device->cdev[0] && device_by_cdev(device->cdev))
		fail(reader, "%s: two devices of the cdev %s", device->name, device->cdev);
	device_add(device);
}

static void begin_section(struct reader *reader)
{
	end_section(reader);
	reader->device = calloc(1, sizeof(*reader->device));
	if (!reader->device)
		fail(reader, "out of memory");
	emu_profile_defaults(&reader->device->profile);
}

static void read_line(struct reader *reader, char *line)
{
	char *end = line + strlen(line), *value;

	while (end > line && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	if (!*line || *line == '#')
		return;
	if (!strcmp(line, "[device]")) {
		begin_section(reader);
		return;
	}
	value = strchr(line, '=');
	if (!value)
		fail(reader, "neither `key=value` nor `[device]`");
	*value++ = '\0';
	set_key(reader, line, value);
}

void conf_read(const char *path)
{
	struct reader reader = { path, 0, NULL };
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		fail(&reader, "%m");
	while (getline(&line, &size, file) > 0) {
		reader.line++;
		read_line(&reader, line);
	}
	if (ferror(file))
		fail(&reader, "%m");
	end_section(&reader);
	if (!device_list())
		fail(&reader, "no [device]");
	free(line);
	fclose(file);
}
