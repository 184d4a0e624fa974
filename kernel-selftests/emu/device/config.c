// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration space: a PCI Express endpoint without extended space, with MSI,
 * MSI-X and power management.  As behind vfio-pci, BARs and the command register
 * can be written freely and mean nothing to the outside.
 *
 * What a QEMU passes through and what it emulates is hw/vfio/pci.c's business,
 * the same in 5.2, 7.2, 10.2 (and as the lab sees it in 11.1): emulated are BARs,
 * the ROM's address (vfio_realize, vfio_pci_realize), all of MSI and MSI-X, the list
 * of capabilities and, on a root bus, type and links of PCI Express
 * (vfio_add_std_cap, vfio_setup_pcie_cap).  The control registers of power
 * management and PCI Express are passed through both ways, and QEMU keeps no
 * copy of what was written (pci_add_capability makes them read-only to
 * pci_default_write_config; 10.2 follows the power state, pci_pm_init).
 * vfio_pci_load_config() gives the device its command register only.  So these
 * controls come with the device's own state, or not at all.
 */
#include "config.h"

#include "bytes.h"
#include "faults.h"
#include "log.h"
#include "model.h"
#include "states.h"

/* Where the capabilities are. */
#define CONFIG_MSI		0x40
#define CONFIG_POWER		0x70
#define CONFIG_EXPRESS		0x80

#define VENDOR_ID		0x1234
#define DEVICE_ID		0x7170
#define CLASS_CODE		0x088000
#define REVISION	1

#define OFFSET_COMMAND		0x04
#define OFFSET_STATUS		0x06
#define OFFSET_BARS		0x10
#define OFFSET_INTERRUPT_LINE	0x3c
#define OFFSET_INTERRUPT_PIN	0x3d

#define COMMAND_MASTER		(1 << 2)
#define COMMAND_INTX_DISABLE	(1 << 10)
#define STATUS_INTERRUPT	(1 << 3)
#define STATUS_CAPABILITIES	(1 << 4)

#define BAR_64_PREFETCHABLE	0xc

#define MSI_FLAGS		(CONFIG_MSI + 2)
#define MSI_MASK		(CONFIG_MSI + 16)	/* 64-bit address, so behind the data */
#define MSI_PENDING		(CONFIG_MSI + 20)
#define MSI_FLAGS_64BIT		0x80
#define MSI_FLAGS_MASK		0x100

#define MSIX_FLAGS		(EMU_CONFIG_MSIX + 2)
#define MSI_ENABLED		(1u << 16)	/* of the word that begins with the capability's id */
#define MSIX_ENABLED		(1u << 31)

#define POWER_CAPABILITIES	0x4803	/* version 3; PME from D0 and D3hot */
#define POWER_CONTROL		(CONFIG_POWER + 4)
#define POWER_STATE		0x0003	/* 0: D0; 3: D3hot */
#define POWER_NO_SOFT_RESET	0x0008

#define EXPRESS_FLAGS		0x0002	/* version 2, an endpoint */
#define EXPRESS_CAPABILITIES	0x10008022	/* FLR, payloads of 512 bytes, extended tags */
#define EXPRESS_CONTROL		(CONFIG_EXPRESS + 8)
#define EXPRESS_CONTROL_RESET	0x2810	/* reads of 512 bytes, no snoop, relaxed ordering */
#define EXPRESS_LINK		0x0011	/* one lane of 2.5 GT/s, as it can and as it is */
#define EXPRESS_CAPABILITIES_2	0x001f	/* completion timeout: all ranges, and none */
#define EXPRESS_CONTROL_2	(CONFIG_EXPRESS + 0x28)

/* What can be written, field by field. */
static const struct {
	u8 offset, bytes;
	u32 mask;
} writable[] = {
	{ OFFSET_COMMAND, 2, 0x0547 },	/* I/O, memory, master, parity, SERR, INTx disable */
	{ 0x0c, 2, 0xffff },		/* cache line size, latency timer */
	{ OFFSET_BARS, 4, ~(EMU_REGISTERS_SIZE - 1u) },
	{ OFFSET_BARS + 8, 4, ~(EMU_MEMORY_SIZE - 1u) },
	{ OFFSET_BARS + 12, 4, 0xffffffff },
	{ OFFSET_BARS + 16, 4, ~(EMU_MSIX_BAR_SIZE - 1u) },
	{ OFFSET_INTERRUPT_LINE, 1, 0xff },
	{ MSI_FLAGS, 2, 0x0071 },	/* enable, multiple message enable */
	{ CONFIG_MSI + 4, 4, 0xfffffffc },
	{ CONFIG_MSI + 8, 4, 0xffffffff },
	{ CONFIG_MSI + 12, 2, 0xffff },
	{ MSI_MASK, 4, 0xffffffff },
	{ MSIX_FLAGS, 2, 0xc000 },	/* enable, function mask */
	{ POWER_CONTROL, 2, 0x1f03 },	/* state, PME enable, data select */
	{ EXPRESS_CONTROL, 2, 0x79ff },	/* but not: phantom functions, auxiliary power, FLR */
	{ EXPRESS_CONTROL_2, 2, 0x001f },	/* completion timeout */
};

static const u8 controls[EMU_CONFIG_CONTROLS] = { POWER_CONTROL, EXPRESS_CONTROL, EXPRESS_CONTROL_2 };

static void reset_power_and_express(u8 *config)
{
	config[CONFIG_POWER] = 0x01;
	config[CONFIG_POWER + 1] = CONFIG_EXPRESS;
	emu_put16(config + CONFIG_POWER + 2, POWER_CAPABILITIES);
	emu_put16(config + POWER_CONTROL, POWER_NO_SOFT_RESET);

	config[CONFIG_EXPRESS] = 0x10;
	emu_put16(config + CONFIG_EXPRESS + 2, EXPRESS_FLAGS);
	emu_put32(config + CONFIG_EXPRESS + 4, EXPRESS_CAPABILITIES);
	emu_put16(config + EXPRESS_CONTROL, EXPRESS_CONTROL_RESET);
	emu_put32(config + CONFIG_EXPRESS + 0x0c, EXPRESS_LINK);
	emu_put16(config + CONFIG_EXPRESS + 0x12, EXPRESS_LINK);
	emu_put32(config + CONFIG_EXPRESS + 0x24, EXPRESS_CAPABILITIES_2);
}

static u8 log2_of(u32 value)
{
	u8 log = 0;

	while (value > 1) {
		value >>= 1;
		log++;
	}
	return log;
}

void emu_config_reset(struct emu_device *device)
{
	const struct emu_profile *profile = &device->profile;
	u8 *config = device->config;

	memset(config, 0, EMU_CONFIG_SIZE);
	emu_put16(config, VENDOR_ID);
	emu_put16(config + 2, DEVICE_ID);
	emu_put16(config + OFFSET_STATUS, STATUS_CAPABILITIES);
	emu_put32(config + 8, (u32)CLASS_CODE << 8 | REVISION);
	config[OFFSET_BARS + 8] = BAR_64_PREFETCHABLE;
	emu_put16(config + 0x2c, VENDOR_ID);
	emu_put16(config + 0x2e, DEVICE_ID);
	config[0x34] = CONFIG_MSI;
	config[OFFSET_INTERRUPT_PIN] = (u8)profile->interrupt_pin;

	config[CONFIG_MSI] = 0x05;
	config[CONFIG_MSI + 1] = EMU_CONFIG_MSIX;
	emu_put16(config + MSI_FLAGS, (u16)(MSI_FLAGS_64BIT | MSI_FLAGS_MASK |
					    log2_of(profile->msi_vectors) << 1));

	config[EMU_CONFIG_MSIX] = 0x11;
	config[EMU_CONFIG_MSIX + 1] = CONFIG_POWER;
	emu_put16(config + MSIX_FLAGS, (u16)(profile->vectors - 1));
	emu_put32(config + EMU_CONFIG_MSIX + 4, 0 | 4);		/* table: BAR 4 */
	emu_put32(config + EMU_CONFIG_MSIX + 8, EMU_PENDING_BITS | 4);
	reset_power_and_express(config);
}

static u8 writable_bits(u64 position)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(writable); i++) {
		u64 byte = position - writable[i].offset;

		if (position >= writable[i].offset && byte < writable[i].bytes)
			return (u8)(writable[i].mask >> (byte * 8));
	}
	return 0;
}

static void write_byte(struct emu_device *device, u64 position, u8 value)
{
	u8 mask = writable_bits(position);

	device->config[position] = (u8)((device->config[position] & ~mask) | (value & mask));
}

/* From a stream: what a driver could have written, no more. */
void emu_config_restore(struct emu_device *device, const u8 *config)
{
	u64 i;

	for (i = 0; i < EMU_CONFIG_SIZE; i++)
		write_byte(device, i, config[i]);
}

bool emu_is_bus_master(const struct emu_device *device)
{
	return emu_get16(device->config + OFFSET_COMMAND) & COMMAND_MASTER;
}

bool emu_is_asleep(const struct emu_device *device)
{
	return device->config[POWER_CONTROL] & POWER_STATE;
}

bool emu_intx_disabled(const struct emu_device *device)
{
	return emu_get16(device->config + OFFSET_COMMAND) & COMMAND_INTX_DISABLE;
}

static u32 with_bit(u32 value, u32 bit, bool set)
{
	return set ? value | bit : value & ~bit;
}

u32 emu_config_word(const struct emu_device *device, u32 offset)
{
	u32 value = emu_get32(device->config + offset);

	if (offset == CONFIG_MSI)
		return with_bit(value, MSI_ENABLED, device->irq.kind == VFIO_PCI_MSI_IRQ_INDEX);
	if (offset == EMU_CONFIG_MSIX)
		return with_bit(value, MSIX_ENABLED, device->irq.kind == VFIO_PCI_MSIX_IRQ_INDEX);
	return value;
}

u16 emu_config_control(const struct emu_device *device, u32 control)
{
	return emu_get16(device->config + controls[control]);
}

void emu_config_set_control(struct emu_device *device, u32 control, u16 value)
{
	write_byte(device, controls[control], (u8)value);
	write_byte(device, controls[control] + 1u, (u8)(value >> 8));
}

u32 emu_msi_mask(const struct emu_device *device)
{
	return emu_get32(device->config + MSI_MASK);
}

/* Two fields show the device's state of the moment. */
static void update_live_fields(struct emu_device *device)
{
	u16 status = STATUS_CAPABILITIES;

	if (device->registers.intx_asserted)
		status |= STATUS_INTERRUPT;
	emu_put16(device->config + OFFSET_STATUS, status);
	emu_put32(device->config + MSI_PENDING,
		    device->irq.kind == VFIO_PCI_MSI_IRQ_INDEX ? device->registers.held[0] : 0);
}

s64 emu_config_read(struct emu_device *device, u64 position, u8 *buffer, u64 bytes)
{
	int fault = emu_fault(device, EMU_OPERATION_CONFIG_READ, -1);

	if (fault < 0)
		return fault;
	update_live_fields(device);
	memcpy(buffer, device->config + position, bytes);
	return (s64)bytes;
}

static void log_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes,
		      int error)
{
	struct emu_text text = { .length = 0 };
	u64 value = 0;
	u64 i;

	for (i = 0; i < bytes && i < 8; i++)
		value |= (u64)buffer[i] << (i * 8);
	emu_text_number(&text, "offset", position);
	emu_text_number(&text, "size", bytes);
	emu_text_number(&text, "value", value);
	emu_text_string(&text, "state", emu_state_name(emu_state(device)));
	emu_text_errno(&text, error);
	emu_log(device, "config-write", &text);
}

s64 emu_config_write(struct emu_device *device, u64 position, const u8 *buffer, u64 bytes)
{
	int fault = emu_fault(device, EMU_OPERATION_CONFIG_WRITE, -1);
	int error = fault < 0 ? fault : 0;
	u64 i;

	log_write(device, position, buffer, bytes, error);
	if (error)
		return error;
	if (fault == EMU_FAULT_SWALLOW)
		return (s64)bytes;
	for (i = 0; i < bytes; i++)
		write_byte(device, position + i, buffer[i]);
	if (position < OFFSET_COMMAND + 2 && position + bytes > OFFSET_COMMAND)
		device->config_written = true;
	return (s64)bytes;
}
