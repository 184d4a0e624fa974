/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/vfio/vfio: a container with a type 1 IOMMU.
 */
#ifndef PRELOAD_CONTAINER_H
#define PRELOAD_CONTAINER_H

#include "dma.h"

struct descriptor;

struct container {
	struct dma_domain domain;
	struct address_space space;
	int users; /* its descriptor and the groups in it; under dma_lock() */
	bool has_iommu;
};

int container_open(void); /* a descriptor or -errno */

/* The container behind a descriptor, or NULL. */
struct container *container_of_descriptor(const struct descriptor *descriptor);
void container_put(struct container *container); /* takes dma_lock() */

#endif
