/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data stream of migration protocol v2. */
#ifndef PRELOAD_MIGRATION_FILE_H
#define PRELOAD_MIGRATION_FILE_H

#include <stdbool.h>

struct emulated_device;

/* The descriptor of a new data stream, `reading` or writing.  Wants the device's lock. */
int migration_file_open(struct emulated_device *device, bool reading);

#endif
