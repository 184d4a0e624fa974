// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tests libqpatch-emu.so from outside, as LD_PRELOAD of this program, whose
 * name has to begin with qemu.  Writes KTAP to stdout; the library's
 * log goes to stderr.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfio.h"

static void environment_is_clean(void)
{
	CHECK(!getenv("LD_PRELOAD"));
	CHECK(!getenv("QPATCH_EMU"));
}

static void other_files_are_left_alone(void)
{
	char byte = 1;
	int fd = open("/dev/zero", O_RDONLY);

	CHECK(fd >= 0);
	CHECK_EQUAL(read(fd, &byte, 1), 1);
	CHECK_EQUAL(byte, 0);
	CHECK_EQUAL(close(fd), 0);
	CHECK_EQUAL(open("/dev/vfio/4711", O_RDWR), -1);
	CHECK_EQUAL(errno, ENOENT);
	CHECK_EQUAL(open("/dev/vfio/devices/vfio4711", O_RDWR), -1);
}

static void container_answers(void)
{
	struct vfio_iommu_type1_info small = { .argsz = sizeof(small) };
	struct vfio_iommu_type1_info *info;
	struct vfio_info_cap_header *capability;
	struct user user;

	user_open(&user, "1", "new");
	CHECK_EQUAL(ioctl(user.container, VFIO_GET_API_VERSION), VFIO_API_VERSION);
	CHECK_EQUAL(ioctl(user.container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU), 1);
	CHECK_EQUAL(ioctl(user.container, VFIO_CHECK_EXTENSION, VFIO_SPAPR_TCE_IOMMU), 0);
	CHECK_EQUAL(ioctl(user.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), -1);
	CHECK_EQUAL(ioctl(user.container, VFIO_IOMMU_GET_INFO, &small), 0);
	CHECK(small.argsz > sizeof(small));
	info = calloc(1, small.argsz);
	info->argsz = small.argsz;
	CHECK_EQUAL(ioctl(user.container, VFIO_IOMMU_GET_INFO, info), 0);
	capability = (void *)((char *)info + info->cap_offset);
	CHECK_EQUAL(capability->id, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	capability = (void *)((char *)info + capability->next);
	CHECK_EQUAL(capability->id, VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION);
	CHECK_EQUAL(capability->next, 0);
	free(info);
	CHECK_EQUAL(ioctl(user.container, VFIO_IOMMU_ENABLE), -1);
	CHECK_EQUAL(errno, ENOTTY);
	user_close(&user);
}

static void mappings_follow_the_rules(void)
{
	struct user users[2];
	unsigned int i;

	user_open(&users[0], "3", "dropping");
	user_open_cdev(&users[1]);
	for (i = 0; i < 2; i++) {
		CHECK_EQUAL(map(&users[i], RING_IOVA + PAGE, users[i].ring, PAGE), -EEXIST);
		CHECK_EQUAL(map(&users[i], 0x123, users[i].ring, PAGE), -EINVAL);
		CHECK_EQUAL(map(&users[i], 1ull << 48, users[i].ring, PAGE), -EINVAL);
		CHECK_EQUAL(unmap(&users[i], RING_IOVA, PAGE), -EINVAL);
		CHECK_EQUAL(unmap(&users[i], RING_IOVA + PAGE, RING_BYTES), -EINVAL);
		write_register(&users[i], KICK, 0);
		CHECK_EQUAL(page_sequence(&users[i], 0), 1);
		CHECK_EQUAL(unmap(&users[i], RING_IOVA, RING_BYTES), 0);
		write_register(&users[i], KICK, 1);
		CHECK_EQUAL(page_sequence(&users[i], 1), 0);
		user_close(&users[i]);
	}
}

static void files_are_found(void)
{
	CHECK_EQUAL(access("/dev/iommu", F_OK), 0);
	CHECK_EQUAL(access("/dev/vfio/vfio", R_OK | W_OK), 0);
	CHECK_EQUAL(access("/dev/vfio/devices/vfio1", R_OK | W_OK), 0);
	CHECK_EQUAL(access("/dev/vfio/devices/vfio77", F_OK), -1);
	CHECK_EQUAL(errno, ENOENT);
	CHECK_EQUAL(access("/dev/null", R_OK), 0);
}

static void cdev_wants_binding(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct cdev_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct stat status;
	struct user user;
	int fd = open("/dev/vfio/devices/vfio1", O_RDWR);

	CHECK(fd >= 0);
	CHECK(!fstat(fd, &status) && S_ISCHR(status.st_mode));
	CHECK_EQUAL(ioctl(fd, VFIO_DEVICE_GET_INFO, &info), -1);
	CHECK_EQUAL(errno, EINVAL);
	bind.iommufd = fd;
	CHECK_EQUAL(ioctl(fd, CDEV_BIND_IOMMUFD, &bind), -1);
	user_open_cdev(&user);
	CHECK_EQUAL(ioctl(user.device, VFIO_DEVICE_GET_INFO, &info), 0);
	bind.iommufd = user.iommufd;
	CHECK_EQUAL(ioctl(fd, CDEV_BIND_IOMMUFD, &bind), -1);
	CHECK_EQUAL(errno, EBUSY);
	user_close(&user);
	CHECK_EQUAL(close(fd), 0);
}

static void memory_is_shared(void)
{
	const off_t bar2 = (off_t)VFIO_PCI_BAR2_REGION_INDEX << EMU_REGION_SHIFT;
	uint32_t *mapped, value = 0x12345678;
	struct user user;

	user_open(&user, "1", "new");
	mapped = mmap(NULL, EMU_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, user.device, bar2);
	CHECK(mapped != MAP_FAILED);
	CHECK_EQUAL(pwrite(user.device, &value, sizeof(value), bar2 + 16), sizeof(value));
	CHECK_EQUAL(mapped[4], value);
	mapped[5] = 0xabcd;
	CHECK_EQUAL(pread(user.device, &value, sizeof(value), bar2 + 20), sizeof(value));
	CHECK_EQUAL(value, 0xabcd);
	munmap(mapped, EMU_MEMORY_SIZE);
	user_close(&user);
	/* A device that is opened again has new memory. */
	user_open(&user, "1", "new");
	CHECK_EQUAL(pread(user.device, &value, sizeof(value), bar2 + 20), sizeof(value));
	CHECK_EQUAL(value, 0);
	user_close(&user);
}

static void migration_data_is_shared(void)
{
	uint64_t buffer[64] = { 0 };
	struct vfio_region_info *info = (void *)buffer;
	struct vfio_region_info_cap_sparse_mmap *sparse;
	uint32_t *mapped, value = 0x12345678;
	struct user user;

	user_open(&user, "2", "old");
	info->argsz = sizeof(buffer);
	info->index = EMU_MIGRATION_REGION;
	CHECK_EQUAL(ioctl(user.device, VFIO_DEVICE_GET_REGION_INFO, info), 0);
	sparse = (void *)((char *)info + info->cap_offset);
	while (sparse->header.id != VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
		CHECK(sparse->header.next);
		sparse = (void *)((char *)info + sparse->header.next);
	}
	CHECK_EQUAL(sparse->nr_areas, 1);
	mapped = mmap(NULL, sparse->areas[0].size, PROT_READ | PROT_WRITE, MAP_SHARED, user.device,
		      (off_t)(info->offset + sparse->areas[0].offset));
	CHECK(mapped != MAP_FAILED);
	mapped[1] = value;
	value = 0;
	CHECK_EQUAL(pread(user.device, &value, sizeof(value),
			  (off_t)(info->offset + sparse->areas[0].offset + 4)),
		    sizeof(value));
	CHECK_EQUAL(value, 0x12345678);
	munmap(mapped, sparse->areas[0].size);
	user_close(&user);
}

static void interrupts_arrive(void)
{
	struct user user;
	uint64_t count = 0;
	int event = eventfd(0, EFD_NONBLOCK);

	user_open(&user, "1", "new");
	CHECK(set_vector(&user, user.device) < 0);
	CHECK_EQUAL(set_vector(&user, event), 0);
	write_register(&user, RAISE, 0);
	write_register(&user, RAISE, 0);
	CHECK_EQUAL(read(event, &count, sizeof(count)), sizeof(count));
	CHECK_EQUAL(count, 2);
	CHECK_EQUAL(set_vector(&user, event), 0);
	write_register(&user, RAISE, 0);
	CHECK_EQUAL(read(event, &count, sizeof(count)), sizeof(count));
	/* The user closes it first: a descriptor that takes its number is not written to. */
	CHECK_EQUAL(close(event), 0);
	CHECK_EQUAL(eventfd(0, EFD_NONBLOCK), event);
	write_register(&user, RAISE, 0);
	CHECK_EQUAL(read(event, &count, sizeof(count)), -1);
	CHECK_EQUAL(close(event), 0);
	user_close(&user);
}

static void stream_has_one_life(void)
{
	static char buffer[1 << 20];
	struct user user;
	int old_fd = -1, fd = -1;

	user_open(&user, "1", "new");
	CHECK_EQUAL(set_state(&user, VFIO_DEVICE_STATE_STOP_COPY, &old_fd), 0);
	CHECK(read(old_fd, buffer, sizeof(buffer)) > 0);
	CHECK_EQUAL(write(old_fd, buffer, 1), -1);
	CHECK_EQUAL(errno, EBADF);
	CHECK_EQUAL(set_state(&user, VFIO_DEVICE_STATE_RUNNING, NULL), 0);
	CHECK_EQUAL(set_state(&user, VFIO_DEVICE_STATE_STOP_COPY, &fd), 0);
	CHECK_EQUAL(read(old_fd, buffer, sizeof(buffer)), -1);
	CHECK_EQUAL(errno, ENODEV);
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	CHECK_EQUAL(read(fd, buffer, sizeof(buffer)), 0);
	user_close(&user);
	CHECK_EQUAL(read(fd, buffer, sizeof(buffer)), -1);
	close(old_fd);
	close(fd);
}

static void *map_and_unmap(void *context)
{
	const struct user *user = context;
	int i;

	for (i = 0; i < 500; i++) {
		map(user, RING_IOVA + RING_BYTES, user->ring, RING_BYTES);
		unmap(user, RING_IOVA + RING_BYTES, RING_BYTES);
	}
	return NULL;
}

static void *open_and_close(void *context)
{
	int i;

	(void)context;
	for (i = 0; i < 500; i++)
		close(open("/dev/vfio/vfio", O_RDWR));
	return NULL;
}

static void *kick(void *context)
{
	int i;

	for (i = 0; i < 500 && !test_failed; i++)
		write_register(context, KICK, (uint32_t)i % RING_PAGES);
	return NULL;
}

static void threads_do_not_meet(void)
{
	void *(*const work[])(void *) = { map_and_unmap, open_and_close, kick, open_and_close,
					  kick };
	pthread_t threads[sizeof(work) / sizeof(work[0])];
	struct user user;
	unsigned int i;

	user_open(&user, "1", "new");
	CHECK(!test_failed);
	for (i = 0; i < sizeof(work) / sizeof(work[0]); i++)
		CHECK_EQUAL(pthread_create(&threads[i], NULL, work[i], &user), 0);
	for (i = 0; i < sizeof(work) / sizeof(work[0]); i++)
		CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
	CHECK_EQUAL(page_sequence(&user, 0), 2 * (500 + RING_PAGES - 1) / RING_PAGES);
	user_close(&user);
}

static const struct test tests[] = {
	{ "environment is clean", environment_is_clean },
	{ "other files are left alone", other_files_are_left_alone },
	{ "container answers", container_answers },
	{ "mappings follow the rules", mappings_follow_the_rules },
	{ "container tracks", container_tracks },
	{ "dropping device reports nothing", dropping_device_reports_nothing },
	{ "page table tracks", page_table_tracks },
	{ "device tracks its ranges", device_tracks_its_ranges },
	{ "files are found", files_are_found },
	{ "cdev wants binding", cdev_wants_binding },
	{ "memory is shared", memory_is_shared },
	{ "migration data is shared", migration_data_is_shared },
	{ "interrupts arrive", interrupts_arrive },
	{ "stream has one life", stream_has_one_life },
	{ "threads do not meet", threads_do_not_meet },
};

TEST_MAIN(tests)
