/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the devices and places their BARs. */
#ifndef GUEST_PROBE_H
#define GUEST_PROBE_H

#include "device.h"

void probe_all(void);
/*
 * Its BARs have other places from now on, where the machine's owner can place
 * them.  NULL, or what is wrong.
 */
const char *probe_move_bars(struct device *device);

#endif
