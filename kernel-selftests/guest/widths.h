/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses of all widths, to registers, to the device's memory and to configuration space. */
#ifndef GUEST_WIDTHS_H
#define GUEST_WIDTHS_H

#include "device.h"

/*
 * Fills in widths and what is written: all that is written here is afterwards
 * what it was before, but for the scratch register.
 */
void widths_check(const struct device *device, struct check_result *result);

#endif
