// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The emulated device as a whole: its life, its description, reset, and access
 * to its regions.
 */
#include "device-internal.h"

u32 emu_device_size(void)
{
	return sizeof(struct emu_device);
}

/* What a reset of the device itself does; VFIO's interrupt set-up and migration state stay. */
void emu_reset_internals(struct emu_device *device)
{
	memset(&device->registers, 0, sizeof(device->registers));
	memset(device->memory, 0, EMU_MEMORY_SIZE);
	device->registers.seed = device->profile.seed;
	device->status &= EMU_STATUS_DESTINATION;
	device->dirty_queries = 0;
}

static void make_new(struct emu_device *device)
{
	u32 i;

	device->state = VFIO_DEVICE_STATE_RUNNING;
	device->status = 0;
	device->moments_raised = 0;
	device->config_written = false;
	device->irqs_set = false;
	device->irq.kind = EMU_NO_IRQ;
	device->irq.hint = EMU_NO_IRQ;
	memset(&device->save, 0, sizeof(device->save));
	memset(&device->load, 0, sizeof(device->load));
	for (i = 0; i < device->profile.fault_count; i++)
		device->profile.faults[i].seen = 0;
	emu_reset_internals(device);
	emu_config_reset(device);
}

static bool profile_is_sound(const struct emu_profile *profile)
{
	if (profile->protocol != EMU_PROTOCOL_V1 && profile->protocol != EMU_PROTOCOL_V2)
		return false;
	if (!profile->vectors || profile->vectors > EMU_MAX_VECTORS)
		return false;
	if (!profile->msi_vectors || profile->msi_vectors > EMU_MAX_MSI_VECTORS)
		return false;
	return profile->fault_count <= EMU_MAX_FAULTS && profile->raise_vector < profile->vectors;
}

int emu_device_init(struct emu_device *device, const struct emu_profile *profile,
		    const struct emu_host *host, void *context, void *memory,
		    void *migration_data, u32 migration_data_size)
{
	if (!profile_is_sound(profile) || !memory)
		return -EINVAL;
	if (profile->protocol == EMU_PROTOCOL_V1 && (!migration_data || !migration_data_size))
		return -EINVAL;
	memset(device, 0, sizeof(*device));
	device->profile = *profile;
	device->host = host;
	device->context = context;
	device->memory = memory;
	device->migration_data = migration_data;
	device->migration_data_size = migration_data ? migration_data_size : 0;
	make_new(device);
	return 0;
}

void emu_device_close(struct emu_device *device)
{
	emu_drop_triggers(device);
	make_new(device);
}

int emu_get_info(struct emu_device *device, struct vfio_device_info *info)
{
	u32 least = (u32)offsetof(struct vfio_device_info, num_irqs) + sizeof(info->num_irqs);
	bool v1 = device->profile.protocol == EMU_PROTOCOL_V1;

	if (info->argsz < least)
		return -EINVAL;
	info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = v1 ? EMU_NUM_REGIONS : EMU_MIGRATION_REGION;
	info->num_irqs = EMU_NUM_IRQS;
	return 0;
}

int emu_reset(struct emu_device *device)
{
	struct emu_text text = { .length = 0 };
	int fault = emu_fault(device, EMU_OPERATION_RESET, -1);

	emu_text_string(&text, "state", emu_state_name(emu_state(device)));
	emu_text_string(&text, "cause", "user");
	emu_text_errno(&text, fault < 0 ? fault : 0);
	emu_log(device, "reset", &text);
	if (fault < 0)
		return fault;
	emu_save_end(device);
	device->load.active = false;
	device->state = VFIO_DEVICE_STATE_RUNNING;
	device->irq.intx_masked = false;
	emu_reset_internals(device);
	emu_config_reset(device);
	return 0;
}

/* Splits `offset`; the bytes that can be accessed there, or -EINVAL. */
static s64 locate(const struct emu_device *device, u64 offset, u64 bytes, u32 *region,
		  u64 *position)
{
	u64 index = offset >> EMU_REGION_SHIFT;
	u64 size;

	if (index >= EMU_NUM_REGIONS)
		return -EINVAL;
	*region = (u32)index;
	*position = offset & (((u64)1 << EMU_REGION_SHIFT) - 1);
	size = emu_region_size(device, *region);
	if (*position >= size)
		return -EINVAL;
	return (s64)emu_smaller(bytes, size - *position);
}

s64 emu_read(struct emu_device *device, u64 offset, void *buffer, u64 bytes)
{
	u64 position;
	u32 region;
	s64 count = locate(device, offset, bytes, &region, &position);

	if (count <= 0)
		return count;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		return emu_config_read(device, position, buffer, (u64)count);
	if (region == EMU_MIGRATION_REGION)
		return emu_v1_read(device, position, buffer, (u64)count);
	return emu_bar_read(device, region, position, buffer, (u64)count);
}

s64 emu_write(struct emu_device *device, u64 offset, const void *buffer, u64 bytes)
{
	u64 position;
	u32 region;
	s64 count = locate(device, offset, bytes, &region, &position);

	if (count <= 0)
		return count;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		return emu_config_write(device, position, buffer, (u64)count);
	if (region == EMU_MIGRATION_REGION)
		return emu_v1_write(device, position, buffer, (u64)count);
	return emu_bar_write(device, region, position, buffer, (u64)count);
}
