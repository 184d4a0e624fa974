/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFIO's newer interface: /dev/iommu, to which a character device is bound.
 */
#ifndef PRELOAD_IOMMUFD_H
#define PRELOAD_IOMMUFD_H

#include <stdint.h>

struct emulated_device;
struct iommufd;

int iommufd_open(void); /* a descriptor or -errno */

/*
 * Binds a device to the iommufd of descriptor `fd`: a reference to it, which
 * iommufd_unbind() gives back, and *id, the device's number there.  NULL: that
 * is no iommufd, or there is no memory.
 */
struct iommufd *iommufd_bind(int fd, struct emulated_device *device, uint32_t *id);
void iommufd_unbind(struct iommufd *iommufd, struct emulated_device *device);

/*
 * Attaches a bound device to the page table, or address space, *id, which
 * becomes the page table's.  0 or -errno.
 */
int iommufd_attach(struct iommufd *iommufd, struct emulated_device *device, uint32_t *id);
void iommufd_detach(struct iommufd *iommufd, struct emulated_device *device);

#endif
