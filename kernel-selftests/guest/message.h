/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programming of MSI, MSI-X and INTx of a device; NULL, or what is wrong. */
#ifndef GUEST_MESSAGE_H
#define GUEST_MESSAGE_H

#include "device.h"
#include "types.h"

const char *irq_setup(struct device *device, enum kind kind, u32 vectors);
/* INTx, which is vector 0, by the command register. */
const char *irq_mask(struct device *device, u32 vector, bool masked);
/* All of MSI-X at once, by its control word. */
const char *irq_mask_function(struct device *device, bool masked);
const char *irq_move(struct device *device, u32 vector);
const char *irq_route(struct device *device, u32 vector, u32 cpu);	/* to another processor */

#endif
