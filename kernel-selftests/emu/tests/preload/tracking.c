// SPDX-License-Identifier: GPL-2.0-or-later
/* Dirty page tracking by container, page table and device: who reports which pages, and when. */
#define _GNU_SOURCE
#include <sys/ioctl.h>

#include "vfio.h"

#define CONTAINER_BITMAP_BYTES                          \
	(sizeof(struct vfio_iommu_type1_dirty_bitmap) + \
	 sizeof(struct vfio_iommu_type1_dirty_bitmap_get))

static int container_dirty(const struct user *user, uint32_t flags, uint64_t *bits)
{
	uint64_t buffer[(CONTAINER_BITMAP_BYTES + 7) / 8] = { 0 };
	struct vfio_iommu_type1_dirty_bitmap *dirty = (void *)buffer;
	struct vfio_iommu_type1_dirty_bitmap_get get = {
		.iova = RING_IOVA,
		.size = RING_BYTES,
		.bitmap = { .pgsize = PAGE, .size = 8, .data = (__u64 *)bits },
	};

	dirty->argsz = CONTAINER_BITMAP_BYTES;
	dirty->flags = flags;
	memcpy(dirty->data, &get, sizeof(get));
	return ioctl(user->container, VFIO_IOMMU_DIRTY_PAGES, dirty) ? -errno : 0;
}

#define OWN_PAGES 0x77u /* of eight */

/* `pages` of its own choice are what the device writes because somebody asks. */
static bool has_own(uint64_t bits, uint64_t others, int pages)
{
	uint64_t own = bits & ~others;

	return (bits & others) == others && !(own & ~OWN_PAGES) &&
	       __builtin_popcountll(own) == pages;
}

void container_tracks(void)
{
	uint64_t buffer[(sizeof(struct vfio_iommu_type1_dma_unmap) + sizeof(struct vfio_bitmap)) /
			8];
	struct vfio_iommu_type1_dma_unmap *with_bitmap = (void *)buffer;
	struct vfio_bitmap bitmap = { .pgsize = PAGE, .size = 8 };
	struct user user;
	uint64_t bits = 0;

	user_open(&user, "2", "old");
	CHECK_EQUAL(container_dirty(&user, VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP, &bits), -EINVAL);
	write_register(&user, KICK, 1);
	CHECK_EQUAL(container_dirty(&user, VFIO_IOMMU_DIRTY_PAGES_FLAG_START, NULL), 0);
	write_register(&user, KICK, 3);
	CHECK_EQUAL(container_dirty(&user, VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP, &bits), 0);
	CHECK(has_own(bits, 1 << 3, 1));
	bits = 0;
	CHECK_EQUAL(container_dirty(&user, VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP, &bits), 0);
	CHECK(has_own(bits, 0, 1));
	bits = 0;
	bitmap.data = (__u64 *)&bits;
	*with_bitmap = (struct vfio_iommu_type1_dma_unmap){
		.argsz = sizeof(buffer),
		.flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
		.iova = RING_IOVA,
		.size = RING_BYTES,
	};
	memcpy(with_bitmap->data, &bitmap, sizeof(bitmap));
	CHECK_EQUAL(ioctl(user.container, VFIO_IOMMU_UNMAP_DMA, with_bitmap), 0);
	CHECK(has_own(bits, 0, 1));
	CHECK_EQUAL(container_dirty(&user, VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP, NULL), 0);
	user_close(&user);
}

void dropping_device_reports_nothing(void)
{
	struct user user;
	uint64_t bits = 0;

	user_open(&user, "3", "dropping");
	CHECK_EQUAL(container_dirty(&user, VFIO_IOMMU_DIRTY_PAGES_FLAG_START, NULL), 0);
	write_register(&user, KICK, 3);
	CHECK_EQUAL(page_sequence(&user, 3), 1);
	CHECK_EQUAL(container_dirty(&user, VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP, &bits), 0);
	CHECK_EQUAL(bits, 0);
	user_close(&user);
}

void page_table_tracks(void)
{
	struct iommufd_set_dirty_tracking track = { .size = sizeof(track),
						    .flags = IOMMUFD_TRACKING_ENABLE };
	struct iommufd_get_dirty_bitmap get = { .size = sizeof(get),
						.iova = RING_IOVA,
						.flags = IOMMUFD_BITMAP_NO_CLEAR,
						.length = RING_BYTES,
						.page_size = PAGE };
	struct iommufd_destroy destroy = { .size = sizeof(destroy) };
	struct cdev_detach_pt detach = { .argsz = sizeof(detach) };
	struct user user;
	uint64_t bits = 0;

	user_open_cdev(&user);
	track.hwpt_id = get.hwpt_id = destroy.id = user.hwpt;
	get.data = (uintptr_t)&bits;
	CHECK_EQUAL(ioctl(user.iommufd, IOMMUFD_SET_DIRTY_TRACKING, &track), 0);
	write_register(&user, KICK, 7);
	CHECK_EQUAL(ioctl(user.iommufd, IOMMUFD_GET_DIRTY_BITMAP, &get), 0);
	CHECK(has_own(bits, 1 << 7, 1));
	bits = get.flags = 0;
	CHECK_EQUAL(ioctl(user.iommufd, IOMMUFD_GET_DIRTY_BITMAP, &get), 0);
	CHECK(has_own(bits, 1 << 7, 2));
	CHECK_EQUAL(ioctl(user.iommufd, IOMMUFD_DESTROY, &destroy), -1);
	CHECK_EQUAL(errno, EBUSY);
	CHECK_EQUAL(ioctl(user.device, CDEV_DETACH_PT, &detach), 0);
	CHECK_EQUAL(ioctl(user.iommufd, IOMMUFD_DESTROY, &destroy), 0);
	CHECK_EQUAL(ioctl(user.iommufd, IOMMUFD_DESTROY, &destroy), -1);
	user_close(&user);
}

static int device_log(const struct user *user, uint32_t flags, const void *body, uint32_t bytes)
{
	uint64_t buffer[8] = { 0 };
	struct vfio_device_feature *feature = (void *)buffer;

	feature->argsz = sizeof(*feature) + bytes;
	feature->flags = flags;
	if (bytes)
		memcpy(feature->data, body, bytes);
	return ioctl(user->device, VFIO_DEVICE_FEATURE, feature) ? -errno : 0;
}

void device_tracks_its_ranges(void)
{
	struct vfio_device_feature_dma_logging_range range = { RING_IOVA, 4 * PAGE };
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = PAGE,
		.num_ranges = 1,
		.ranges = (uintptr_t)&range,
	};
	struct vfio_device_feature_dma_logging_range overlapping[] = { range, range };
	struct vfio_device_feature_dma_logging_range wrapping = { -PAGE, 2 * PAGE };
	struct vfio_device_feature_dma_logging_control wrong = {
		.page_size = PAGE,
		.num_ranges = 2,
		.ranges = (uintptr_t)overlapping,
	};
	uint64_t bits = 0;
	struct vfio_device_feature_dma_logging_report report = {
		.iova = RING_IOVA,
		.length = RING_BYTES,
		.page_size = 2 * PAGE,
		.bitmap = (uintptr_t)&bits,
	};
	const uint32_t start = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START;
	const uint32_t stop = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP;
	const uint32_t get = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT;
	struct user user;

	user_open(&user, "1", "new");
	CHECK_EQUAL(device_log(&user, get, &report, sizeof(report)), -EINVAL);
	CHECK_EQUAL(device_log(&user, start, &wrong, sizeof(wrong)), -EINVAL);
	wrong.num_ranges = 1;
	wrong.page_size = 8 * PAGE;
	CHECK_EQUAL(device_log(&user, start, &wrong, sizeof(wrong)), -EINVAL);
	wrong.page_size = 0;
	CHECK_EQUAL(device_log(&user, start, &wrong, sizeof(wrong)), -EINVAL);
	wrong.page_size = PAGE;
	wrong.num_ranges = 257;
	CHECK_EQUAL(device_log(&user, start, &wrong, sizeof(wrong)), -E2BIG);
	wrong.num_ranges = 1;
	wrong.ranges = (uintptr_t)&wrapping;
	CHECK_EQUAL(device_log(&user, start, &wrong, sizeof(wrong)), -EOVERFLOW);
	CHECK_EQUAL(device_log(&user, start, &control, sizeof(control)), 0);
	CHECK_EQUAL(device_log(&user, start, &control, sizeof(control)), -EBUSY);
	write_register(&user, KICK, 3);
	write_register(&user, KICK, 7);
	CHECK_EQUAL(device_log(&user, get, &report, sizeof(report)), 0);
	/* Bits of two pages each: page 3, and maybe page 0 by the device itself; 7 is outside. */
	CHECK_EQUAL(bits | 1 << 0, 1 << 1 | 1 << 0);
	CHECK_EQUAL(device_log(&user, stop, NULL, 0), 0);
	CHECK_EQUAL(device_log(&user, stop, NULL, 0), -EINVAL);
	user_close(&user);
	user_open(&user, "2", "old");
	CHECK_EQUAL(device_log(&user, start, &control, sizeof(control)), -ENOTTY);
	user_close(&user);
}
