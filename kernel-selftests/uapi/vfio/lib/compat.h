/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the migration tests use of VFIO's and iommufd's uAPI and older headers
 * do not have: the layouts are ABI.  Protocol v1 is the other way round: newer
 * headers have lost it.
 */
#ifndef VFIO_MIGRATION_LIB_COMPAT_H
#define VFIO_MIGRATION_LIB_COMPAT_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vfio.h>

/* Linux 6.2 */
#ifndef VFIO_MIGRATION_PRE_COPY

#define VFIO_MIGRATION_PRE_COPY		(1 << 2)
#define VFIO_DEVICE_STATE_PRE_COPY	6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P	7

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

#endif

/* Linux 6.6 */
#ifdef VFIO_DEVICE_BIND_IOMMUFD
#include <linux/iommufd.h>
#else

struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

#define VFIO_DEVICE_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)

struct vfio_device_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};

#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)

struct iommu_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

#define IOMMU_IOAS_ALLOC		_IO(';', 0x81)

struct iommu_ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

#define IOMMU_IOAS_MAP			_IO(';', 0x85)
#define IOMMU_IOAS_MAP_FIXED_IOVA	(1 << 0)
#define IOMMU_IOAS_MAP_WRITEABLE	(1 << 1)
#define IOMMU_IOAS_MAP_READABLE		(1 << 2)

#endif

/* Linux 7.2 */
#ifndef VFIO_PRECOPY_INFO_REINIT
#define VFIO_PRECOPY_INFO_REINIT	(1 << 0)
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12
#endif

/* Proposed: the device wants its config space before its data, and again after them. */
#ifndef VFIO_MIGRATION_CONFIG_FIRST
#define VFIO_MIGRATION_CONFIG_FIRST	(1 << 3)
#endif
#ifndef VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST
#define VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST	7
#endif

/* Protocol v1: a region of this type, with these registers at its beginning. */
#define V1_REGION_TYPE			3
#define V1_REGION_SUBTYPE		1

struct v1_registers {
	__u32 device_state;
	__u32 reserved;
	__u64 pending_bytes;
	__u64 data_offset;
	__u64 data_size;
};

#define V1_RUNNING			(1 << 0)
#define V1_SAVING			(1 << 1)
#define V1_RESUMING			(1 << 2)
#define V1_STATE_MASK			(V1_RUNNING | V1_SAVING | V1_RESUMING)

#endif
