/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module has counted. */
#ifndef LINUX_COLLECT_H
#define LINUX_COLLECT_H

void collect_interrupts(void);	/* into the devices' counts */

#endif
