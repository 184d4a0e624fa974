// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/vfio/vfio: containers with a type 1 IOMMU, which maps guest memory for
 * the devices of its groups and tracks the pages that they write.
 */
#define _GNU_SOURCE
#include "container.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors.h"
#include "device-dma.h"
#include "log.h"

#define TRACKER          "container"
#define MAX_BITMAP_BYTES (256ull << 20) /* as Linux has it */

static int check_extension(unsigned long extension)
{
	switch (extension) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_DMA_CC_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	default:
		return 0;
	}
}

static int set_iommu(struct container *container, unsigned long type)
{
	if (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -ENODEV;
	/* Without a group, or twice, as Linux. */
	if (container->users < 2 || container->has_iommu)
		return -EINVAL;
	container->has_iommu = true;
	return 0;
}

struct capabilities {
	struct vfio_iommu_type1_info_cap_iova_range range;
	struct vfio_iova_range valid;
	struct vfio_iommu_type1_info_cap_migration migration;
};

static int get_info(struct vfio_iommu_type1_info *info)
{
	struct capabilities capabilities = {
		.range.header = { VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0 },
		.range.nr_iovas = 1,
		.valid = { 0, DMA_LAST_IOVA },
		.migration.header = { VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, 1, 0 },
		.migration.pgsize_bitmap = DIRTY_PAGE_SIZE,
		.migration.max_dirty_bitmap_size = MAX_BITMAP_BYTES,
	};
	const unsigned int offset = sizeof(*info);

	if (info->argsz < offsetof(struct vfio_iommu_type1_info, cap_offset))
		return -EINVAL;
	info->flags = VFIO_IOMMU_INFO_PGSIZES;
	info->iova_pgsizes = DIRTY_PAGE_SIZE;
	if (info->argsz < offset)
		return 0;
	info->flags |= VFIO_IOMMU_INFO_CAPS;
	if (info->argsz < offset + sizeof(capabilities)) {
		info->argsz = offset + sizeof(capabilities);
		info->cap_offset = 0;
		return 0;
	}
	info->cap_offset = offset;
	capabilities.range.header.next = offset + offsetof(struct capabilities, migration);
	memcpy((char *)info + offset, &capabilities, sizeof(capabilities));
	return 0;
}

static int map_dma(struct container *container, const struct vfio_iommu_type1_dma_map *map)
{
	struct mapping mapping = { map->iova, map->size, (char *)(uintptr_t)map->vaddr,
				   map->flags & VFIO_DMA_MAP_FLAG_READ,
				   map->flags & VFIO_DMA_MAP_FLAG_WRITE, false };

	if (map->argsz < sizeof(*map) ||
	    map->flags & ~(__u32)(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return -EINVAL;
	return space_map(&container->space, &mapping);
}

static int report(struct container *container, uint64_t iova, uint64_t size,
		  const struct vfio_bitmap *bitmap)
{
	/* Only whole mappings, as Linux. */
	if (!size || !bitmap->data || !bitmap->pgsize ||
	    bitmap->size < (size / bitmap->pgsize + 7) / 8 ||
	    !space_has_edges(&container->space, iova, iova + size - 1))
		return -EINVAL;
	return domain_report(&container->domain, TRACKER, iova, size, bitmap->pgsize,
			     (uint64_t *)bitmap->data, false);
}

static int unmap_dma(struct container *container, struct vfio_iommu_type1_dma_unmap *unmap)
{
	bool all = unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL;
	bool with_bitmap = unmap->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	struct vfio_bitmap bitmap;
	int error;

	if (unmap->argsz < sizeof(*unmap) || (all && (with_bitmap || unmap->iova || unmap->size)) ||
	    unmap->flags & ~(__u32)(VFIO_DMA_UNMAP_FLAG_ALL | VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP))
		return -EINVAL;
	if (all)
		return space_unmap(&container->space, 0, UINT64_MAX, (uint64_t *)&unmap->size);
	if (!unmap->size || unmap->iova + unmap->size - 1 < unmap->iova)
		return -EINVAL;
	if (with_bitmap) {
		if (unmap->argsz < sizeof(*unmap) + sizeof(bitmap))
			return -EINVAL;
		memcpy(&bitmap, unmap->data, sizeof(bitmap));
		error = report(container, unmap->iova, unmap->size, &bitmap);
		if (error)
			return error;
	}
	return space_unmap(&container->space, unmap->iova, unmap->iova + unmap->size - 1,
			   (uint64_t *)&unmap->size);
}

static int dirty_pages(struct container *container,
		       const struct vfio_iommu_type1_dirty_bitmap *dirty)
{
	struct vfio_iommu_type1_dirty_bitmap_get get;

	if (dirty->argsz < sizeof(*dirty))
		return -EINVAL;
	switch (dirty->flags) {
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_START:
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP:
		domain_track(&container->domain, TRACKER,
			     dirty->flags == VFIO_IOMMU_DIRTY_PAGES_FLAG_START);
		return 0;
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP:
		if (dirty->argsz < sizeof(*dirty) + sizeof(get))
			return -EINVAL;
		memcpy(&get, dirty->data, sizeof(get));
		return report(container, get.iova, get.size, &get.bitmap);
	default:
		return -EINVAL;
	}
}

static bool reports_dirty_pages(unsigned int request, const void *argument)
{
	if (request == VFIO_IOMMU_UNMAP_DMA)
		return ((const struct vfio_iommu_type1_dma_unmap *)argument)->flags &
		       VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	return request == VFIO_IOMMU_DIRTY_PAGES &&
	       ((const struct vfio_iommu_type1_dirty_bitmap *)argument)->flags ==
		       VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP;
}

static long iommu_ioctl(struct container *container, unsigned int request, void *argument)
{
	if (!container->has_iommu)
		return -EINVAL;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return get_info(argument);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(container, argument);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(container, argument);
	default:
		return dirty_pages(container, argument);
	}
}

static long container_ioctl(struct descriptor *descriptor, unsigned int request, void *argument)
{
	struct container *container = descriptor->object;
	long result;

	if (reports_dirty_pages(request, argument))
		device_dma_before_report(&container->domain);
	dma_lock();
	switch (request) {
	case VFIO_GET_API_VERSION:
		result = VFIO_API_VERSION;
		break;
	case VFIO_CHECK_EXTENSION:
		result = check_extension((unsigned long)argument);
		break;
	case VFIO_SET_IOMMU:
		result = set_iommu(container, (unsigned long)argument);
		break;
	case VFIO_IOMMU_GET_INFO:
	case VFIO_IOMMU_MAP_DMA:
	case VFIO_IOMMU_UNMAP_DMA:
	case VFIO_IOMMU_DIRTY_PAGES:
		result = iommu_ioctl(container, request, argument);
		break;
	default:
		result = -ENOTTY;
		log_unknown_ioctl("", request, descriptor->fd);
	}
	dma_unlock();
	return result;
}

void container_put(struct container *container)
{
	bool last;

	dma_lock();
	last = !--container->users;
	if (last) {
		domain_clear(&container->domain);
		space_clear(&container->space);
	}
	dma_unlock();
	if (last)
		free(container);
}

static void container_release(struct descriptor *descriptor)
{
	container_put(descriptor->object);
}

static const struct descriptor_operations container_operations = {
	.what = "container",
	.ioctl = container_ioctl,
	.release = container_release,
};

struct container *container_of_descriptor(const struct descriptor *descriptor)
{
	return descriptor->operations == &container_operations ? descriptor->object : NULL;
}

int container_open(void)
{
	struct container *container = calloc(1, sizeof(*container));
	int fd;

	if (!container)
		return -ENOMEM;
	container->users = 1;
	container->domain.space = &container->space;
	fd = descriptor_create(&container_operations, container, "");
	if (fd < 0)
		free(container);
	return fd;
}
