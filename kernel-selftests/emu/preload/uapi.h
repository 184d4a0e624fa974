/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this library answers of two interfaces that are younger than the
 * headers of Linux 6.1: VFIO's character devices (6.6) and iommufd (6.2; dirty
 * tracking 6.7, mapping of files 6.13).  The layouts are Linux's ABI; the names
 * are the library's own, so that newer headers do not clash.
 */
#ifndef PRELOAD_UAPI_H
#define PRELOAD_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vfio.h>

/* Character devices of VFIO. */
#define CDEV_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#define CDEV_ATTACH_PT    _IO(VFIO_TYPE, VFIO_BASE + 19)
#define CDEV_DETACH_PT    _IO(VFIO_TYPE, VFIO_BASE + 20)

struct cdev_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

struct cdev_attach_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};

struct cdev_detach_pt {
	__u32 argsz;
	__u32 flags;
};

/* iommufd: every structure begins with its size. */
#define IOMMUFD_REQUEST(number)     _IO(';', 0x80 + (number))
#define IOMMUFD_DESTROY             IOMMUFD_REQUEST(0x00)
#define IOMMUFD_IOAS_ALLOC          IOMMUFD_REQUEST(0x01)
#define IOMMUFD_IOAS_IOVA_RANGES    IOMMUFD_REQUEST(0x04)
#define IOMMUFD_IOAS_MAP            IOMMUFD_REQUEST(0x05)
#define IOMMUFD_IOAS_UNMAP          IOMMUFD_REQUEST(0x06)
#define IOMMUFD_HWPT_ALLOC          IOMMUFD_REQUEST(0x09)
#define IOMMUFD_GET_HW_INFO         IOMMUFD_REQUEST(0x0a)
#define IOMMUFD_SET_DIRTY_TRACKING  IOMMUFD_REQUEST(0x0b)
#define IOMMUFD_GET_DIRTY_BITMAP    IOMMUFD_REQUEST(0x0c)
#define IOMMUFD_IOAS_MAP_FILE       IOMMUFD_REQUEST(0x0f)
#define IOMMUFD_IOAS_CHANGE_PROCESS IOMMUFD_REQUEST(0x12)

struct iommufd_destroy {
	__u32 size;
	__u32 id;
};

struct iommufd_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

struct iommufd_iova_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

struct iommufd_iova_ranges {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 reserved;
	__aligned_u64 allowed_iovas;
	__aligned_u64 out_iova_alignment;
};

#define IOMMUFD_MAP_FIXED_IOVA (1u << 0)
#define IOMMUFD_MAP_WRITEABLE  (1u << 1)
#define IOMMUFD_MAP_READABLE   (1u << 2)

struct iommufd_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd; /* IOAS_MAP_FILE; reserved in IOAS_MAP */
	__aligned_u64 start; /* the address, or the offset in the file */
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct iommufd_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length; /* in: to unmap; out: unmapped */
};

#define IOMMUFD_HWPT_DIRTY_TRACKING (1u << 1)

struct iommufd_hwpt_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pt_id;
	__u32 out_hwpt_id;
	__u32 reserved;
	__u32 data_type;
	__u32 data_len;
	__aligned_u64 data_uptr;
};

#define IOMMUFD_HW_DIRTY_TRACKING (1u << 0)

struct iommufd_hw_info {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 out_data_type;
	__u32 reserved;
	__aligned_u64 out_capabilities;
};

#define IOMMUFD_TRACKING_ENABLE (1u << 0)

struct iommufd_set_dirty_tracking {
	__u32 size;
	__u32 flags;
	__u32 hwpt_id;
	__u32 reserved;
};

#define IOMMUFD_BITMAP_NO_CLEAR (1u << 0)

struct iommufd_get_dirty_bitmap {
	__u32 size;
	__u32 hwpt_id;
	__u32 flags;
	__u32 reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 page_size;
	__aligned_u64 data;
};

#endif
