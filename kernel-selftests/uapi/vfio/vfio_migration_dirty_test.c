// SPDX-License-Identifier: GPL-2.0-or-later
/* The device's own log of the pages that it writes: VFIO_DEVICE_FEATURE_DMA_LOGGING_*. */
#include <errno.h>
#include <sys/mman.h>

#include "migration_test.h"

#include "lib/driver.h"

#define PAGE	4096ull
#define PAGES	256ull
#define IOVA	0x10000000ull
#define SIZE	(PAGES * PAGE)

FIXTURE(dirty) {
	struct device *device;
	u8 *memory;
};

static int start(const struct device *device,
		 const struct vfio_device_feature_dma_logging_range *ranges, u32 count, u64 *page)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = *page, .num_ranges = count, .ranges = (uintptr_t)ranges,
	};
	int error = device_feature(device, VFIO_DEVICE_FEATURE_SET |
				   VFIO_DEVICE_FEATURE_DMA_LOGGING_START, &control,
				   sizeof(control));

	*page = control.page_size;
	return error;
}

static int start_all(const struct device *device, u64 *page)
{
	const struct vfio_device_feature_dma_logging_range all = { .iova = IOVA, .length = SIZE };

	*page = PAGE;
	return start(device, &all, 1, page);
}

static int stop(const struct device *device)
{
	return device_feature(device, VFIO_DEVICE_FEATURE_SET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}

static int report(const struct device *device, u64 page, u64 *bitmap)
{
	struct vfio_device_feature_dma_logging_report query = {
		.iova = IOVA, .length = SIZE, .page_size = page, .bitmap = (uintptr_t)bitmap,
	};

	return device_feature(device, VFIO_DEVICE_FEATURE_GET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, &query, sizeof(query));
}

FIXTURE_SETUP(dirty)
{
	u64 bitmap[PAGES / 64] = { 0 }, page;

	OPEN_DEVICE(self->device, 0, OPEN_BY_ANY);
	REQUIRE(!device_feature(self->device, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
				VFIO_DEVICE_FEATURE_DMA_LOGGING_START, NULL, 0),
		"the device does not log what it writes");
	self->memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->memory);
	ASSERT_EQ(0, device_map(self->device, self->memory, IOVA, SIZE));
	/* Which comes into the kernel with iommufd, or with the driver of a real device. */
	if (start_all(self->device, &page))
		return;
	REQUIRE(report(self->device, PAGE, bitmap) != -EOPNOTSUPP,
		"the kernel cannot report what the device has logged");
	ASSERT_EQ(0, stop(self->device));
}

FIXTURE_TEARDOWN(dirty)
{
	device_leave(self->device);
	munmap(self->memory, SIZE);
}

static bool bit(const u64 *bitmap, u64 page)
{
	return bitmap[page / 64] >> page % 64 & 1;
}

static int write_page(struct device *device, u64 page)
{
	return device->driver->write_page(device, IOVA + page * PAGE);
}

static bool is_driven(const struct device *device)
{
	return device->driver && device->driver->write_page;
}

static const char undriven[] = "nothing is known of how this device writes to memory";

TEST_F(dirty, only_between_start_and_stop)
{
	u64 bitmap[PAGES / 64] = { 0 }, page;

	EXPECT_NE(0, report(self->device, PAGE, bitmap));
	ASSERT_EQ(0, start_all(self->device, &page));
	EXPECT_EQ(0, report(self->device, PAGE, bitmap));
	EXPECT_NE(0, start_all(self->device, &page));
	EXPECT_EQ(0, report(self->device, PAGE, bitmap));
	ASSERT_EQ(0, stop(self->device));
	EXPECT_NE(0, report(self->device, PAGE, bitmap));
	ASSERT_EQ(0, start_all(self->device, &page));
	EXPECT_EQ(0, stop(self->device));
}

TEST_F(dirty, invalid_calls)
{
	const struct vfio_device_feature_dma_logging_range overlapping[] = {
		{ .iova = IOVA, .length = 2 * PAGE }, { .iova = IOVA + PAGE, .length = PAGE },
	};
	const struct vfio_device_feature_dma_logging_range wrapping = {
		.iova = -PAGE, .length = 2 * PAGE,
	};
	const struct vfio_device_feature_dma_logging_range crooked = {
		.iova = IOVA + 1, .length = PAGE,
	};
	u64 bitmap[PAGES / 64] = { 0 }, page = PAGE;

	EXPECT_NE(0, start(self->device, overlapping, 0, &page));
	page = PAGE;
	EXPECT_NE(0, start(self->device, overlapping, ARRAY_SIZE(overlapping), &page));
	page = PAGE;
	EXPECT_NE(0, start(self->device, &wrapping, 1, &page));
	page = PAGE;
	EXPECT_NE(0, start(self->device, &crooked, 1, &page));
	ASSERT_EQ(0, start_all(self->device, &page));
	EXPECT_NE(0, report(self->device, PAGE + 1, bitmap));
	EXPECT_NE(0, report(self->device, 1, bitmap));
}

TEST_F(dirty, written_pages)
{
	static const u64 pages[] = { 0, 1, 63, 64, 100, PAGES - 1 };
	u64 bitmap[PAGES / 64] = { 0 }, page;
	size_t i;

	REQUIRE(is_driven(self->device), "%s", undriven);
	ASSERT_EQ(0, start_all(self->device, &page));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		ASSERT_EQ(0, write_page(self->device, pages[i]))
			TH_LOG("page %ju", (uintmax_t)pages[i]);
	}
	ASSERT_EQ(0, report(self->device, PAGE, bitmap));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		EXPECT_TRUE(bit(bitmap, pages[i]))
			TH_LOG("page %ju was written, and is not reported", (uintmax_t)pages[i]);
	}
	/* A log of larger pages cannot tell these from those. */
	for (i = 0; page == PAGE && i < PAGES; i++)
		if (i != 0 && i != 1 && i != 63 && i != 64 && i != 100 && i != PAGES - 1) {
			EXPECT_FALSE(bit(bitmap, i))
				TH_LOG("page %zu is reported, and was not written", i);
		}
}

TEST_F(dirty, report_clears)
{
	u64 bitmap[PAGES / 64] = { 0 }, page;

	REQUIRE(is_driven(self->device), "%s", undriven);
	ASSERT_EQ(0, start_all(self->device, &page));
	ASSERT_EQ(0, write_page(self->device, 5));
	ASSERT_EQ(0, report(self->device, PAGE, bitmap));
	memset(bitmap, 0, sizeof(bitmap));
	ASSERT_EQ(0, report(self->device, PAGE, bitmap));
	EXPECT_FALSE(bit(bitmap, 5));
	ASSERT_EQ(0, write_page(self->device, 5));
	ASSERT_EQ(0, report(self->device, PAGE, bitmap));
	EXPECT_TRUE(bit(bitmap, 5));
}

/* "will only set bits in the bitmap and never clear" */
TEST_F(dirty, report_only_sets_bits)
{
	u64 bitmap[PAGES / 64], page;
	size_t i;

	memset(bitmap, 0xa5, sizeof(bitmap));
	ASSERT_EQ(0, start_all(self->device, &page));
	ASSERT_EQ(0, report(self->device, PAGE, bitmap));
	for (i = 0; i < ARRAY_SIZE(bitmap); i++) {
		EXPECT_EQ(0xa5a5a5a5a5a5a5a5, bitmap[i] & 0xa5a5a5a5a5a5a5a5)
			TH_LOG("word %zu", i);
	}
}

TEST_F(dirty, larger_pages)
{
	u64 bitmap[PAGES / 64] = { 0 }, page;

	REQUIRE(is_driven(self->device), "%s", undriven);
	ASSERT_EQ(0, start_all(self->device, &page));
	ASSERT_EQ(0, write_page(self->device, 37));
	ASSERT_EQ(0, report(self->device, 4 * PAGE, bitmap));
	EXPECT_TRUE(bit(bitmap, 37 / 4));
}

TEST_F(dirty, start_begins_anew)
{
	u64 bitmap[PAGES / 64] = { 0 }, page;

	REQUIRE(is_driven(self->device), "%s", undriven);
	ASSERT_EQ(0, write_page(self->device, 3));
	ASSERT_EQ(0, start_all(self->device, &page));
	ASSERT_EQ(0, write_page(self->device, 4));
	ASSERT_EQ(0, stop(self->device));
	ASSERT_EQ(0, start_all(self->device, &page));
	ASSERT_EQ(0, report(self->device, PAGE, bitmap));
	if (page == PAGE) {
		EXPECT_FALSE(bit(bitmap, 3));
		EXPECT_FALSE(bit(bitmap, 4));
	}
}

/* Logging has nothing to do with the states, and goes on through all of a migration. */
TEST_F(dirty, while_the_device_is_saved)
{
	u64 bitmap[PAGES / 64] = { 0 }, page;

	REQUIRE(is_driven(self->device), "%s", undriven);
	REQUIRE(device_is_v2(self->device), "the device does not speak protocol v2");
	REQUIRE_STATES(self->device);
	ASSERT_EQ(0, start_all(self->device, &page));
	if (device_has_state(self->device, VFIO_DEVICE_STATE_PRE_COPY)) {
		ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_PRE_COPY));
	}
	ASSERT_EQ(0, write_page(self->device, 77));
	ASSERT_EQ(0, migration_set_state(self->device, VFIO_DEVICE_STATE_STOP_COPY));
	ASSERT_EQ(0, report(self->device, PAGE, bitmap));
	EXPECT_TRUE(bit(bitmap, 77));
	EXPECT_EQ(0, stop(self->device));
}

int main(int argc, char **argv)
{
	device_arguments(&argc, argv);
	return test_harness_run(argc, argv);
}
