/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest time. */
#ifndef X86_64_CLOCK_H
#define X86_64_CLOCK_H

void clock_init(void);

#endif
