/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of devices.conf. */
#ifndef EMU_NUMBER_H
#define EMU_NUMBER_H

#include "platform.h"

/* Decimal, or hexadecimal after 0x; the whole string, in [least, most]. */
bool emu_parse_number(const char *text, u64 least, u64 most, u64 *value);

#endif
