// SPDX-License-Identifier: GPL-2.0-or-later
/* What the device says of itself: device, regions, interrupts. */
#include "fixture.h"
#include "ktap.h"

struct region {
	struct vfio_region_info info;
	u8 caps[256];
};

static int get_region(struct fixture *fixture, u32 index, u32 argsz, struct region *region)
{
	memset(region, 0, sizeof(*region));
	region->info.argsz = argsz;
	region->info.index = index;
	return emu_get_region_info(fixture->device, &region->info);
}

static void device_info(void)
{
	struct fixture *v1 = fixture_new("protocol=v1");
	struct fixture *v2 = fixture_new("protocol=v2");
	struct vfio_device_info info = { .argsz = sizeof(info) };

	CHECK(v1 && v2);
	CHECK_EQUAL(emu_get_info(v1->device, &info), 0);
	CHECK_EQUAL(info.flags, VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET);
	CHECK_EQUAL(info.num_regions, 10);
	CHECK_EQUAL(info.num_irqs, 5);
	CHECK_EQUAL(emu_get_info(v2->device, &info), 0);
	CHECK_EQUAL(info.num_regions, 9);
	info.argsz = 4;
	CHECK_EQUAL(emu_get_info(v2->device, &info), -EINVAL);
	fixture_free(v1);
	fixture_free(v2);
}

static void bars(void)
{
	static const u64 sizes[9] = { 0x4000, 0, 0x10000, 0, 0x10000, 0, 0, 256, 0 };
	struct fixture *fixture = fixture_new("memory-mmap=on");
	struct region region;
	u32 i;

	CHECK(fixture);
	for (i = 0; i < 8; i++) {
		CHECK_EQUAL(get_region(fixture, i, sizeof(region.info), &region), 0);
		CHECK_EQUAL(region.info.size, sizes[i]);
		CHECK_EQUAL(region.info.offset, (u64)i << EMU_REGION_SHIFT);
		CHECK_EQUAL(!!(region.info.flags & VFIO_REGION_INFO_FLAG_READ), sizes[i] != 0);
		CHECK_EQUAL(!!(region.info.flags & VFIO_REGION_INFO_FLAG_MMAP), i == 2);
	}
	CHECK_EQUAL(get_region(fixture, 8, sizeof(region.info), &region), -EINVAL);
	CHECK_EQUAL(get_region(fixture, 9, sizeof(region), &region), -EINVAL);
	CHECK_EQUAL(get_region(fixture, 10, sizeof(region), &region), -EINVAL);
	CHECK_EQUAL(get_region(fixture, 0, 8, &region), -EINVAL);
	fixture_free(fixture);
}

static const struct vfio_info_cap_header *capability(const struct region *region, u32 id)
{
	u32 at = region->info.cap_offset;

	while (at) {
		const struct vfio_info_cap_header *header =
			(const void *)((const u8 *)region + at);

		if (header->id == id)
			return header;
		at = header->next;
	}
	return NULL;
}

static void migration_region(void)
{
	struct fixture *fixture = fixture_new("protocol=v1\nregion-mmap=on");
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	const struct vfio_region_info_cap_type *type;
	struct region region;

	CHECK(fixture);
	CHECK_EQUAL(get_region(fixture, 9, sizeof(region.info), &region), 0);
	CHECK(region.info.argsz > sizeof(region.info));
	CHECK(region.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
	CHECK_EQUAL(region.info.cap_offset, 0);
	CHECK_EQUAL(get_region(fixture, 9, region.info.argsz, &region), 0);
	CHECK_EQUAL(region.info.size, 0x1000 + FIXTURE_DATA_SIZE);
	type = (const void *)capability(&region, VFIO_REGION_INFO_CAP_TYPE);
	CHECK(type);
	CHECK_EQUAL(type->type, 3);
	CHECK_EQUAL(type->subtype, 1);
	sparse = (const void *)capability(&region, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	CHECK(sparse);
	CHECK_EQUAL(sparse->nr_areas, 1);
	CHECK_EQUAL(sparse->areas[0].offset, 0x1000);
	CHECK_EQUAL(sparse->areas[0].size, FIXTURE_DATA_SIZE);
	CHECK(region.info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	fixture_free(fixture);
}

static void migration_region_without_mmap(void)
{
	struct fixture *fixture = fixture_new("protocol=v1\nregion-mmap=off");
	struct region region;

	CHECK(fixture);
	CHECK_EQUAL(get_region(fixture, 9, sizeof(region), &region), 0);
	CHECK(capability(&region, VFIO_REGION_INFO_CAP_TYPE));
	CHECK(!capability(&region, VFIO_REGION_INFO_CAP_SPARSE_MMAP));
	CHECK(!capability(&region, VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST));
	CHECK(!(region.info.flags & VFIO_REGION_INFO_FLAG_MMAP));
	fixture_free(fixture);
}

static void wants_config_first(void)
{
	static const char * const settings[] = {
		"protocol=v1\nconfig-first=on", "protocol=v1\nconfig-first=on\nregion-mmap=on",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		struct fixture *fixture = fixture_new(settings[i]);
		struct region region;

		CHECK(fixture);
		CHECK_EQUAL(get_region(fixture, 9, sizeof(region), &region), 0);
		CHECK(capability(&region, VFIO_REGION_INFO_CAP_TYPE));
		CHECK(capability(&region, VFIO_REGION_INFO_CAP_MIGRATION_CONFIG_FIRST));
		CHECK_EQUAL(!capability(&region, VFIO_REGION_INFO_CAP_SPARSE_MMAP), !i);
		fixture_free(fixture);
	}
}

static void irq_info(void)
{
	static const u32 counts[5] = { 1, 4, 8, 1, 1 };
	struct fixture *v2 = fixture_new("protocol=v2");
	struct fixture *v1 = fixture_new("protocol=v1\ninterrupt-pin=0");
	struct vfio_irq_info info = { .argsz = sizeof(info) };
	u32 i;

	CHECK(v1 && v2);
	for (i = 0; i < 5; i++) {
		info.index = i;
		CHECK_EQUAL(emu_get_irq_info(v2->device, &info), 0);
		CHECK_EQUAL(info.count, counts[i]);
		CHECK(info.flags & VFIO_IRQ_INFO_EVENTFD);
		CHECK_EQUAL(!!(info.flags & VFIO_IRQ_INFO_AUTOMASKED), i == INTX);
	}
	info.index = MSIX;
	CHECK_EQUAL(emu_get_irq_info(v2->device, &info), 0);
	CHECK(!(info.flags & VFIO_IRQ_INFO_NORESIZE));
	CHECK_EQUAL(emu_get_irq_info(v1->device, &info), 0);
	CHECK(info.flags & VFIO_IRQ_INFO_NORESIZE);
	info.index = INTX;
	CHECK_EQUAL(emu_get_irq_info(v1->device, &info), 0);
	CHECK_EQUAL(info.count, 0);
	info.index = 5;
	CHECK_EQUAL(emu_get_irq_info(v1->device, &info), -EINVAL);
	fixture_free(v1);
	fixture_free(v2);
}

static void unsound_profiles(void)
{
	CHECK(!fixture_new("vectors=4\nraise-vector=4"));
	CHECK(!fixture_new("vectors=0"));
	CHECK(!fixture_new("msi-vectors=3"));
}

static const struct test tests[] = {
	{ "device info", device_info },
	{ "BARs", bars },
	{ "migration region", migration_region },
	{ "migration region without mmap", migration_region_without_mmap },
	{ "config space first", wants_config_first },
	{ "interrupt info", irq_info },
	{ "unsound profiles", unsound_profiles },
};

TEST_MAIN(tests)
