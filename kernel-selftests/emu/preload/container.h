/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container: what group.c and container.c share.
 */
#ifndef PRELOAD_CONTAINER_H
#define PRELOAD_CONTAINER_H

#include "descriptors.h"
#include "dma.h"

struct container {
	struct dma_domain domain;
	struct address_space space;
	int users; /* its descriptor and the groups in it; under dma_lock() */
	bool has_iommu;
};

/* The container behind a descriptor, or NULL. */
struct container *container_of_descriptor(const struct descriptor *descriptor);
void container_put(struct container *container); /* takes dma_lock() */

#endif
