/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFIO's older interface: /dev/vfio/vfio (a container with a type 1 IOMMU) and
 * /dev/vfio/GROUP.
 */
#ifndef PRELOAD_GROUP_H
#define PRELOAD_GROUP_H

/* Descriptors or -errno; group_open() is -ENOENT if no device is in that group. */
int container_open(void);
int group_open(const char *name);

#endif
