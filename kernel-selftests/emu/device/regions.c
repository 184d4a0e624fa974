// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFIO_DEVICE_GET_REGION_INFO: which regions there are, and what of them can
 * be mapped.
 */
#include "regions.h"

#include "model.h"

/* Type and subtype of v1's migration region; newer headers call them deprecated. */
#define REGION_TYPE_MIGRATION		3
#define REGION_SUBTYPE_MIGRATION	1

static bool has_migration_region(const struct emu_device *device)
{
	return emu_has_protocol(device, EMU_PROTOCOL_V1);
}

u64 emu_region_size(const struct emu_device *device, u32 region)
{
	switch (region) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		return EMU_REGISTERS_SIZE;
	case VFIO_PCI_BAR2_REGION_INDEX:
		return EMU_MEMORY_SIZE;
	case VFIO_PCI_BAR4_REGION_INDEX:
		return EMU_MSIX_BAR_SIZE;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return EMU_CONFIG_SIZE;
	case EMU_MIGRATION_REGION:
		if (has_migration_region(device))
			return EMU_MIGRATION_DATA_OFFSET + (u64)device->migration_data_size;
		return 0;
	default:
		return 0;
	}
}

static u32 add_type(u8 *caps)
{
	struct vfio_region_info_cap_type type = {
		.header = { .id = VFIO_REGION_INFO_CAP_TYPE, .version = 1 },
		.type = REGION_TYPE_MIGRATION,
		.subtype = REGION_SUBTYPE_MIGRATION,
	};

	memcpy(caps, &type, sizeof(type));
	return sizeof(type);
}

/* Only the data area can be mapped: the registers before it have to be seen. */
static u32 add_sparse(const struct emu_device *device, u8 *caps)
{
	const struct vfio_region_info_cap_sparse_mmap sparse = {
		.header = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 },
		.nr_areas = 1,
	};
	const struct vfio_region_sparse_mmap_area area = {
		.offset = EMU_MIGRATION_DATA_OFFSET,
		.size = device->migration_data_size,
	};

	memcpy(caps, &sparse, sizeof(sparse));
	memcpy(caps + sizeof(sparse), &area, sizeof(area));
	return sizeof(sparse) + sizeof(area);
}

/* Says only by being there. */
static u32 add_config_first(u8 *caps)
{
	const struct vfio_info_cap_header header = {
		.id = VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST, .version = 1,
	};

	memcpy(caps, &header, sizeof(header));
	return sizeof(header);
}

/* Has the capability at `last` of `caps` followed by the one that begins at `next`. */
static void chain(u8 *caps, u32 last, u32 next)
{
	struct vfio_info_cap_header header;

	memcpy(&header, caps + last, sizeof(header));
	header.next = (u32)sizeof(struct vfio_region_info) + next;
	memcpy(caps + last, &header, sizeof(header));
}

static void migration_capabilities(const struct emu_device *device, struct vfio_region_info *info,
				   u32 available)
{
	u8 caps[128] __aligned(8);
	u32 length = add_type(caps);
	u32 last = 0;

	if (device->profile.region_mmap) {
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
		chain(caps, last, length);
		last = length;
		length += add_sparse(device, caps + length);
	}
	if (device->profile.config_first) {
		chain(caps, last, length);
		length += add_config_first(caps + length);
	}
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	info->argsz = (u32)sizeof(*info) + length;
	if (available < info->argsz)
		return;
	memcpy((u8 *)info + sizeof(*info), caps, length);
	info->cap_offset = sizeof(*info);
}

int emu_get_region_info(struct emu_device *device, struct vfio_region_info *info)
{
	u32 available = info->argsz;
	u32 index = info->index;

	if (available < sizeof(*info) || index == VFIO_PCI_VGA_REGION_INDEX)
		return -EINVAL;
	if (index > EMU_MIGRATION_REGION)
		return -EINVAL;
	if (index == EMU_MIGRATION_REGION && !has_migration_region(device))
		return -EINVAL;
	info->argsz = sizeof(*info);
	info->cap_offset = 0;
	info->flags = 0;
	info->offset = (u64)index << EMU_REGION_SHIFT;
	info->size = emu_region_size(device, index);
	if (!info->size)
		return 0;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (index == VFIO_PCI_BAR2_REGION_INDEX && device->profile.memory_mmap)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (index == EMU_MIGRATION_REGION)
		migration_capabilities(device, info, available);
	return 0;
}
