/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An emulated PCI device that can be migrated: its whole behaviour as seen
 * through VFIO, without any means of its own.  What it needs of its
 * surroundings (events, guest memory, a log, a pause) it asks of struct
 * emu_host, so that a library in user space and a kernel module can share it.
 * The caller serialises all calls for one device, and calls return negative
 * errno values as the kernel does.
 */
#ifndef EMU_DEVICE_H
#define EMU_DEVICE_H

#include "platform.h"	/* fixed-width types, struct and enum names of <linux/vfio.h>, errno */

#define EMU_MAX_VECTORS		2048
#define EMU_MAX_MSI_VECTORS	32
#define EMU_MAX_FAULTS		16
#define EMU_RING_PAGES		64
#define EMU_PAGE_SIZE		4096

#define EMU_REGISTERS_SIZE	0x4000
#define EMU_MEMORY_SIZE		0x10000
#define EMU_MSIX_BAR_SIZE	0x10000
#define EMU_CONFIG_SIZE		256

/* Region offsets within the device's file, as the kernel's vfio-pci has them. */
#define EMU_REGION_SHIFT	40
#define EMU_NUM_REGIONS		10	/* nine of PCI, then v1's migration region */
#define EMU_MIGRATION_REGION	9
#define EMU_MIGRATION_DATA_OFFSET	0x1000	/* of the data area in v1's migration region */

enum emu_protocol { EMU_PROTOCOL_V1 = 1, EMU_PROTOCOL_V2 = 2 };

/* The operations that a fault can hit. */
enum emu_operation {
	EMU_OPERATION_STATE,
	EMU_OPERATION_DATA_READ,
	EMU_OPERATION_DATA_WRITE,
	EMU_OPERATION_SET_IRQS,
	EMU_OPERATION_CONFIG_READ,
	EMU_OPERATION_CONFIG_WRITE,
	EMU_OPERATION_RESET,
	EMU_OPERATION_RAISE,
	EMU_OPERATION_STATE_BYTE,	/* a data write that has bulk data or memory */
};

enum emu_requirement {
	EMU_REQUIRE_NOTHING, EMU_REQUIRE_CONFIG, EMU_REQUIRE_CONFIG_ANY, EMU_REQUIRE_IRQS,
};

/* Bits of emu_profile.raise_on. */
#define EMU_RAISE_ON_SET_IRQS		(1u << 0)
#define EMU_RAISE_ON_RUNNING		(1u << 1)
#define EMU_RAISE_ON_RUNNING_P2P	(1u << 2)

#define EMU_FAULT_SHORT		1	/* half of the bytes */
#define EMU_FAULT_SWALLOW	2
#define EMU_FAULT_FLIP		3

struct emu_fault {
	enum emu_operation operation;
	/*
	 * Which of them.  States: the new one; data reads: the phase; SET_IRQS: 1 is one
	 * that gives a destination an eventfd for its interrupts; -1: all.
	 */
	int detail;
	u32 nth;		/* the nth matching operation, from 1 */
	int result;		/* negative errno, or EMU_FAULT_... */
	u32 seen;		/* how many matched so far */
};

/* How a device behaves; see devices.conf in the lab's documentation. */
struct emu_profile {
	enum emu_protocol protocol;
	u32 seed;
	u32 vectors;
	u32 msi_vectors;
	u8 interrupt_pin;
	bool pre_copy, p2p, region_mmap, memory_mmap, dma_logging, dirty_drop, self_contained;
	enum emu_requirement require;
	u32 raise_on, raise_vector;
	u32 stop_copy_pause_ms;	/* once, in the second stop-copy read */
	u64 pre_copy_bytes, stop_copy_bytes;
	u32 fault_count;
	struct emu_fault faults[EMU_MAX_FAULTS];
};

/*
 * What the surroundings do for the device.  A trigger is whatever get_trigger
 * made of a file descriptor (an eventfd); NULL means none.
 */
struct emu_host {
	void *(*get_trigger)(void *context, int fd);	/* NULL: not a valid one */
	void (*put_trigger)(void *context, void *trigger);
	void (*signal)(void *context, void *trigger);
	int (*dma_write)(void *context, u64 iova, const void *data, u32 bytes);
	void (*pause)(void *context, u32 milliseconds);
	/* One line of the log: `text` is JSON members, `"vector":3,"sent":true`, or is empty. */
	void (*log)(void *context, const char *event, const char *text);
};

struct emu_device;	/* whole in device-internal.h; the caller gives the memory */

u32 emu_device_size(void);	/* bytes the caller allocates, zeroed, for a struct emu_device */

/*
 * `memory` is EMU_MEMORY_SIZE bytes behind BAR 2; `migration_data` and its size
 * the data area of v1's migration region (NULL for v2).  Both may be mapped by
 * the user of the device at any time.
 */
int emu_device_init(struct emu_device *device, const struct emu_profile *profile,
		    const struct emu_host *host, void *context, void *memory,
		    void *migration_data, u32 migration_data_size);
/* The last user closed it: triggers are put, state is as new. */
void emu_device_close(struct emu_device *device);

int emu_get_info(struct emu_device *device, struct vfio_device_info *info);
/* `info` is followed by `argsz` - sizeof(*info) bytes for capabilities, as in the ioctl. */
int emu_get_region_info(struct emu_device *device, struct vfio_region_info *info);
int emu_get_irq_info(struct emu_device *device, struct vfio_irq_info *info);
int emu_set_irqs(struct emu_device *device, const struct vfio_irq_set *set, u32 bytes);
int emu_reset(struct emu_device *device);
const char *emu_irq_name(u32 index);	/* as the log has it */

/*
 * VFIO_DEVICE_FEATURE but for the DMA_LOGGING features, which are the host's.
 * *wanted is the data stream that the new state begins: the host puts a
 * descriptor of it into the structure, where -1 is until then.  `bytes` is what
 * `feature` holds in all.
 */
enum emu_stream { EMU_STREAM_NONE, EMU_STREAM_READ, EMU_STREAM_WRITE };
int emu_feature(struct emu_device *device, struct vfio_device_feature *feature, u32 bytes,
		enum emu_stream *wanted);

/*
 * pread and pwrite of the device's file; `offset` holds the region in its upper
 * bits.  Bytes or -errno.
 */
s64 emu_read(struct emu_device *device, u64 offset, void *buffer, u64 bytes);
s64 emu_write(struct emu_device *device, u64 offset, const void *buffer, u64 bytes);

/* v2: the data stream. 0 is the end of the stream; -ENOMSG: nothing more in pre-copy now. */
s64 emu_migration_read(struct emu_device *device, void *buffer, u64 bytes);
s64 emu_migration_write(struct emu_device *device, const void *buffer, u64 bytes);
int emu_get_precopy_info(struct emu_device *device, struct vfio_precopy_info *info);

/*
 * Somebody asks for dirty pages: the device, if it runs, writes one more page of
 * its ring.  The host calls this before it reports.
 */
void emu_before_dirty_report(struct emu_device *device);
/* false: the profile says dirty-report=drop. */
bool emu_reports_dirty_pages(const struct emu_device *device);

enum vfio_device_mig_state emu_state(const struct emu_device *device);
const char *emu_state_name(enum vfio_device_mig_state state);

/*
 * One line `key=value` of devices.conf into `profile`; -EINVAL with a reason in
 * `error`, which has EMU_ERROR_SIZE bytes.
 */
#define EMU_ERROR_SIZE	128
void emu_profile_defaults(struct emu_profile *profile);
int emu_profile_set(struct emu_profile *profile, const char *key, const char *value, char *error);

#endif
