/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt controller. */
#ifndef AARCH64_GIC_H
#define AARCH64_GIC_H

#include <stdbool.h>

enum gic { GICV2, GICV3, GICV3_ITS };

extern enum gic gic_version;

void gic_init(bool its);	/* all, and the first processor; its: the machine has one */
void gic_init_cpu(void);	/* what each processor has of its own */
void gic_interrupt(void);	/* start.S calls it */

#endif
