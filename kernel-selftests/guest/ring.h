/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of guest memory that a device writes and reads. */
#ifndef GUEST_RING_H
#define GUEST_RING_H

#include "device.h"
#include "types.h"

const char *ring_set_up(struct device *device, u32 pages);	/* NULL, or what is wrong */
/*
 * The device writes into the memory of another one, which check_result.memory
 * tells if it went wrong.
 */
const char *ring_write_to_peer(const struct device *device, const struct device *peer);
/* A page of RAM, at a place that nobody can guess, which from now on is the caller's. */
volatile u32 *ring_take_page(void);
/* Fills in stale, corrupt, overrun and read. */
void ring_check(const struct device *device, struct check_result *result);

#endif
