/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of interrupt indexes. */
#ifndef EMU_IRQ_NAMES_H
#define EMU_IRQ_NAMES_H

#include "platform.h"

const char *emu_irq_name(u32 index);	/* as the log has it */

#endif
