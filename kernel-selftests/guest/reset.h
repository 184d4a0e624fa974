/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reset of a device by its driver. */
#ifndef GUEST_RESET_H
#define GUEST_RESET_H

#include "device.h"

/* NULL, or what is wrong. */
const char *device_reset(struct device *device);

#endif
