/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of the device that have what its driver wrote last, whatever that is. */
#ifndef GUEST_KEPT_H
#define GUEST_KEPT_H

#include "device.h"

/* Says whether they have it, if anything was left there since the device was reset. */
void kept_check(const struct device *device, struct check_result *result);

/* Leaves something else in them. */
void kept_leave(struct device *device);

/* Selects a page of the ring for one read, and returns what is read. */
u32 kept_sequence(const struct device *device, u32 page);

#endif
