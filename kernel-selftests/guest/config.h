/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space and MSI-X's table of a device: as its driver left them, and as they are. */
#ifndef GUEST_CONFIG_H
#define GUEST_CONFIG_H

#include "device.h"

/* Sets the controls of power management and PCI Express to values that no reset has. */
void config_set_controls(const struct device *device);
/*
 * Puts the device into D3hot, in which nothing of it but configuration space may be touched, or
 * back; in which state it then was, the next report tells.
 */
void config_sleep(struct device *device, bool asleep);
/* All is now as its driver wants it: until the next call, nothing may change in it. */
void config_remember(struct device *device);
/* Prints what has changed, as ` config=ok held=ok table=ok pending=ok` in the best case. */
void config_report(const struct device *device);

#endif
