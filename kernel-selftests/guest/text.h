/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output by the serial line, and reading of commands. */
#ifndef GUEST_TEXT_H
#define GUEST_TEXT_H

#include "types.h"

void print(const char *text);
void print_unsigned(u64 value);
void print_hex(u64 value);
void print_field(const char *name, u64 value);	/* " name=value" */
void print_number(u64 value);			/* ":value", of a list of numbers */
bool same_text(const char *one, const char *other);
bool parse_unsigned(const char *text, u32 *value);
unsigned int split_words(char *line, char **words, unsigned int limit);

#endif
