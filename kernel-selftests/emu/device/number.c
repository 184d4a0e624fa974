// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads numbers. */
#include "number.h"

bool emu_parse_number(const char *text, u64 least, u64 most, u64 *value)
{
	u64 base = 10;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	*value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		u64 digit;

		if (*text >= '0' && *text <= '9')
			digit = (u64)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			digit = (u64)(*text - 'a') + 10;
		else
			return false;
		if (digit >= base || *value > (most - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return *value >= least && *value <= most;
}
