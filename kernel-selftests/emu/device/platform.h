/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the device model uses of its platform: types, VFIO's uAPI, memory and
 * string functions.  It also supplies what <linux/vfio.h> of Linux 6.1 does not
 * have yet, be it the kernel's or the C library's (Debian 12's linux-libc-dev).
 */
#ifndef EMU_PLATFORM_H
#define EMU_PLATFORM_H

#ifdef __KERNEL__

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/vfio.h>

#else

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/types.h>
#include <linux/vfio.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif
#ifndef __aligned
#define __aligned(bytes)	__attribute__((aligned(bytes)))
#endif

#endif /* __KERNEL__ */

#ifndef VFIO_MIGRATION_PRE_COPY

/* Linux 6.2: the pre-copy states and what tells how much is left in them. */
#define VFIO_MIGRATION_PRE_COPY		(1 << 2)
#define VFIO_DEVICE_STATE_PRE_COPY	((enum vfio_device_mig_state)6)
#define VFIO_DEVICE_STATE_PRE_COPY_P2P	((enum vfio_device_mig_state)7)
#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9

struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};

struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};

#define VFIO_MIG_GET_PRECOPY_INFO	_IO(VFIO_TYPE, VFIO_BASE + 21)

#endif /* VFIO_MIGRATION_PRE_COPY */

#ifndef VFIO_PRECOPY_INFO_REINIT
/* Linux 7.2: what is new in pre-copy data, to who has asked for it. */
#define VFIO_PRECOPY_INFO_REINIT	(1 << 0)
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12
#endif

#ifndef VFIO_MIGRATION_CONFIG_FIRST
/* Proposed by strategies/vendor-query.yaml. */
#define VFIO_MIGRATION_CONFIG_FIRST	(1 << 3)
#define VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST 7
#endif

#endif
