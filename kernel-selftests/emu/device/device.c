// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The emulated device as a whole: its life, its description, reset, and access
 * to its regions.
 */
#include "device.h"

#include "bytes.h"
#include "config.h"
#include "faults.h"
#include "log.h"
#include "migration-v1.h"
#include "model.h"
#include "raise.h"
#include "registers.h"
#include "reset.h"
#include "save.h"

u32 emu_device_size(void)
{
	return sizeof(struct emu_device);
}

static void make_new(struct emu_device *device)
{
	u32 i;

	device->state = VFIO_DEVICE_STATE_RUNNING;
	device->by_v1 = device->profile.protocol == EMU_PROTOCOL_V1;
	device->status = 0;
	device->moments_raised = 0;
	device->config_written = false;
	device->irqs_set = false;
	device->precopy_info_v2 = false;
	device->irq.kind = EMU_NO_IRQ;
	device->irq.hint = EMU_NO_IRQ;
	memset(&device->save, 0, sizeof(device->save));
	memset(&device->load, 0, sizeof(device->load));
	for (i = 0; i < device->profile.fault_count; i++)
		device->profile.faults[i].seen = 0;
	emu_reset_function(device);
}

int emu_device_init(struct emu_device *device, const struct emu_profile *profile,
		    const struct emu_host *host, void *context, void *memory,
		    void *migration_data, u32 migration_data_size)
{
	if (!emu_profile_is_sound(profile) || !memory)
		return -EINVAL;
	if (profile->protocol & EMU_PROTOCOL_V1 && (!migration_data || !migration_data_size))
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

int emu_device_close(struct emu_device *device)
{
	bool left = emu_fault(device, EMU_OPERATION_CLOSE, -1) == EMU_FAULT_SWALLOW;
	int state = left ? device->state : EMU_STATE_RUNNING;

	emu_drop_triggers(device);
	make_new(device);
	return state;
}

void emu_device_find(struct emu_device *device, int state)
{
	device->state = state;
}

int emu_get_info(struct emu_device *device, struct vfio_device_info *info)
{
	u32 least = (u32)offsetof(struct vfio_device_info, num_irqs) + sizeof(info->num_irqs);
	bool v1 = emu_has_protocol(device, EMU_PROTOCOL_V1);

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
	if (fault == EMU_FAULT_SWALLOW)
		return 0;
	if (fault == EMU_FAULT_SPREAD)
		device->host->reset_others(device->context);
	emu_save_end(device);
	device->load.active = false;
	device->state = VFIO_DEVICE_STATE_RUNNING;
	device->irq.intx_masked = false;
	emu_reset_function(device);
	return 0;
}

/* A mask may be gone after a write, of INTx or of an MSI vector. */
static s64 write_config(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes)
{
	s64 done = emu_config_write(device, position, buffer, bytes);

	if (done >= 0 && emu_is_running(device))
		emu_deliver_held(device);
	return done;
}

/* How the regions that have a size are accessed. */
static const struct region {
	s64 (*read_bytes)(struct emu_device *device, u64 position, u8 *buffer, u64 bytes);
	s64 (*write_bytes)(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes);
} regions[EMU_NUM_REGIONS] = {
	[VFIO_PCI_BAR0_REGION_INDEX] = { emu_registers_read, emu_registers_write },
	[VFIO_PCI_BAR2_REGION_INDEX] = { emu_memory_read, emu_memory_write },
	[VFIO_PCI_BAR4_REGION_INDEX] = { emu_msix_read, emu_msix_write },
	[VFIO_PCI_CONFIG_REGION_INDEX] = { emu_config_read, write_config },
	[EMU_MIGRATION_REGION] = { emu_v1_read, emu_v1_write },
};

/* What `offset` is in; *bytes becomes what can be accessed there.  NULL: nothing. */
static const struct region *locate(const struct emu_device *device, u64 offset, u64 *position,
				   u64 *bytes)
{
	u64 index = offset >> EMU_REGION_SHIFT;
	u64 size;

	if (index >= EMU_NUM_REGIONS)
		return NULL;
	*position = offset & (((u64)1 << EMU_REGION_SHIFT) - 1);
	size = emu_region_size(device, (u32)index);
	if (*position >= size)
		return NULL;
	*bytes = emu_smaller(*bytes, size - *position);
	return &regions[index];
}

s64 emu_read(struct emu_device *device, u64 offset, void *buffer, u64 bytes)
{
	u64 position;
	const struct region *region = locate(device, offset, &position, &bytes);

	if (!region)
		return -EINVAL;
	return bytes ? region->read_bytes(device, position, buffer, bytes) : 0;
}

s64 emu_write(struct emu_device *device, u64 offset, const void *buffer, u64 bytes)
{
	u64 position;
	const struct region *region = locate(device, offset, &position, &bytes);

	if (!region)
		return -EINVAL;
	return bytes ? region->write_bytes(device, position, buffer, bytes) : 0;
}
