/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts by eventfds.  All functions return negative errno values. */
#ifndef VFIO_MIGRATION_LIB_IRQ_H
#define VFIO_MIGRATION_LIB_IRQ_H

#include "device.h"

/* How many vectors an index has; 0: the device does not have it. */
u32 irq_count(const struct device *device, u32 index);

int irq_set(const struct device *device, u32 index, u32 count, const int *fds);
int irq_disable(const struct device *device, u32 index);

/* As if the device had interrupted: by DATA_NONE `vector`, or by DATA_BOOL those that are not 0. */
int irq_trigger(const struct device *device, u32 index, u32 vector);
int irq_trigger_bool(const struct device *device, u32 index, u32 count, const u8 *vectors);

/* INTx is masked by what it has signalled. */
int irq_unmask_intx(const struct device *device);

/* Eventfds that do not block.  Exits if there are none to be had. */
void irq_make_eventfds(int *fds, u32 count);
void irq_close_eventfds(int *fds, u32 count);
/* How often an eventfd was signalled since the last call. */
u64 irq_signals(int fd);

#endif
