/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices' accesses to guest memory; these take dma_lock(). */
#ifndef PRELOAD_DEVICE_DMA_H
#define PRELOAD_DEVICE_DMA_H

#include <stdint.h>

struct dma_domain;
struct emulated_device;

/* 0, or -EFAULT if that is not mapped for the device, wholly or partly. */
int device_dma_write(struct emulated_device *device, uint64_t iova, const void *data,
		     uint32_t bytes);
int device_dma_read(struct emulated_device *device, uint64_t iova, void *data, uint32_t bytes);
/* Before a domain that tracks reports: lets the devices write that are attached to it. */
void device_dma_before_report(const struct dma_domain *domain);

#endif
