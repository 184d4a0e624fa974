/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/vfio/GROUP.
 */
#ifndef PRELOAD_GROUP_H
#define PRELOAD_GROUP_H

/* A descriptor or -errno; -ENOENT: no device is in that group. */
int group_open(const char *name);

#endif
