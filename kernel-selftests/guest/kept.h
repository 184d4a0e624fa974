/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the device that change only by what its driver does. */
#ifndef GUEST_KEPT_H
#define GUEST_KEPT_H

#include "device.h"

/* Says whether they are as they were left, if they were since the device was reset or got a ring. */
void kept_check(const struct device *device, struct check_result *result);

/* Leaves something else in those that can be written, and remembers all. */
void kept_leave(struct device *device);

/* Selects a page of the ring for one read, and returns what is read. */
u32 kept_sequence(const struct device *device, u32 page);

#endif
