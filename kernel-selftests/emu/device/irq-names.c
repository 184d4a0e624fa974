// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of interrupt indexes.
 */
#include "irq-names.h"

#include "model.h"

const char *emu_irq_name(u32 index)
{
	static const char * const names[EMU_NUM_IRQS] = { "intx", "msi", "msix", "err", "req" };

	return index < EMU_NUM_IRQS ? names[index] : "none";
}
