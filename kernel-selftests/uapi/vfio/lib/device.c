// SPDX-License-Identifier: GPL-2.0-or-later
/* Access to a device that is open. */
#include "device.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int device_region_info(const struct device *device, struct vfio_region_info *info)
{
	return ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

int device_reset(struct device *device)
{
	device->v1_left = 0;
	return ioctl(device->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

bool device_can_reset(struct device *device)
{
	return device->info.flags & VFIO_DEVICE_FLAGS_RESET || device_reset(device) != -ENOTTY;
}

int device_region(const struct device *device, u32 index, u64 *offset, u64 *size)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };
	int error = device_region_info(device, &info);

	*offset = info.offset;
	*size = info.size;
	return error;
}

static int done(ssize_t result, size_t bytes)
{
	if (result < 0)
		return -errno;
	return (size_t)result == bytes ? 0 : -EIO;
}

int config_read(const struct device *device, u32 position, void *value, size_t bytes)
{
	return done(pread(device->fd, value, bytes, device->config_offset + position), bytes);
}

int config_write(const struct device *device, u32 position, const void *value, size_t bytes)
{
	return done(pwrite(device->fd, value, bytes, device->config_offset + position), bytes);
}

int bar_read32(const struct device *device, u32 bar, u64 position, u32 *value)
{
	u64 offset, size;
	int error = device_region(device, bar, &offset, &size);

	if (error || size < position + sizeof(*value))
		return error ?: -EINVAL;
	return done(pread(device->fd, value, sizeof(*value), offset + position), sizeof(*value));
}

int bar_write32(const struct device *device, u32 bar, u64 position, u32 value)
{
	u64 offset, size;
	int error = device_region(device, bar, &offset, &size);

	if (error || size < position + sizeof(value))
		return error ?: -EINVAL;
	return done(pwrite(device->fd, &value, sizeof(value), offset + position), sizeof(value));
}

int device_feature(const struct device *device, u32 flags, void *payload, size_t bytes)
{
	u64 buffer[32] = { 0 };
	struct vfio_device_feature *feature = (void *)buffer;
	int error;

	if (sizeof(*feature) + bytes > sizeof(buffer))
		return -E2BIG;
	feature->argsz = sizeof(*feature) + bytes;
	feature->flags = flags;
	if (bytes)
		memcpy(feature->data, payload, bytes);
	error = ioctl(device->fd, VFIO_DEVICE_FEATURE, feature) ? -errno : 0;
	if (bytes)
		memcpy(payload, feature->data, bytes);
	return error;
}

int device_map(const struct device *device, void *memory, u64 iova, u64 bytes)
{
	if (device->by_cdev) {
		struct iommu_ioas_map map = {
			.size = sizeof(map),
			.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
				 IOMMU_IOAS_MAP_WRITEABLE,
			.ioas_id = device->ioas,
			.user_va = (uintptr_t)memory,
			.length = bytes,
			.iova = iova,
		};

		return ioctl(device->iommu_fd, IOMMU_IOAS_MAP, &map) ? -errno : 0;
	}
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = bytes,
	};

	return ioctl(device->iommu_fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}
