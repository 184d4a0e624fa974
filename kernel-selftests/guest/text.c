// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of the serial protocol: numbers out, words and numbers in. */
#include "text.h"

#include "machine.h"

void print(const char *text)
{
	while (*text)
		machine_put(*text++);
}

/* Without a 64-bit division, which needs a library on a 32-bit machine. */
void print_unsigned(u64 value)
{
	char digits[20];
	unsigned int count = 0;
	u32 parts[4];
	int i;

	for (i = 0; i < 4; i++)
		parts[i] = (u32)(value >> (16 * (3 - i))) & 0xffff;
	do {
		u32 rest = 0;

		for (i = 0; i < 4; i++) {
			rest = rest << 16 | parts[i];
			parts[i] = rest / 10;
			rest %= 10;
		}
		digits[count++] = '0' + rest;
	} while (parts[0] | parts[1] | parts[2] | parts[3]);
	while (count)
		machine_put(digits[--count]);
}

void print_hex(u64 value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	print("0x");
	for (; shift >= 0; shift -= 4)
		machine_put("0123456789abcdef"[(value >> shift) & 15]);
}

void print_field(const char *name, u64 value)
{
	machine_put(' ');
	print(name);
	machine_put('=');
	print_unsigned(value);
}

void print_number(u64 value)
{
	machine_put(':');
	print_unsigned(value);
}

bool same_text(const char *one, const char *other)
{
	while (*one && *one == *other) {
		one++;
		other++;
	}
	return *one == *other;
}

/* Decimal, or hexadecimal after 0x. */
bool parse_unsigned(const char *text, u32 *value)
{
	u32 base = 10, result = 0;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		u32 digit;

		if (*text >= '0' && *text <= '9')
			digit = *text - '0';
		else if (*text >= 'a' && *text <= 'f')
			digit = *text - 'a' + 10;
		else
			return false;
		if (digit >= base || result > (0xffffffffu - digit) / base)
			return false;
		result = result * base + digit;
	}
	*value = result;
	return true;
}

unsigned int split_words(char *line, char **words, unsigned int limit)
{
	unsigned int count = 0;

	while (*line) {
		while (*line == ' ' || *line == '\t')
			*line++ = '\0';
		if (!*line || count == limit)
			break;
		words[count++] = line;
		while (*line && *line != ' ' && *line != '\t')
			line++;
	}
	return count;
}

/* The compiler generates calls of these. */
void *memset(void *to, int value, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);

void *memset(void *to, int value, size_t bytes)
{
	volatile u8 *p = to;

	while (bytes--)
		*p++ = value;
	return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
	volatile u8 *p = to;
	const u8 *q = from;

	while (bytes--)
		*p++ = *q++;
	return to;
}
