/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a PCI device: `address` is bus << 8 | device << 3 | function. */
#ifndef LINUX_FILES_H
#define LINUX_FILES_H

#include "../types.h"

/* Its file of that name in sysfs; below 0: there is none. */
int files_open(u16 address, const char *name);
int files_open_driver(u16 address);		/* what the module made for it */

#endif
