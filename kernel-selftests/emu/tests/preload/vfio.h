/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small user of VFIO for the library's test: opens devices as QEMU does and
 * gives them a ring of pages to write to.
 */
#ifndef TESTS_PRELOAD_VFIO_H
#define TESTS_PRELOAD_VFIO_H

#include <stdint.h>

#include "../../device/device.h"
#include "../../preload/uapi.h"
#include "../ktap.h"

#define PAGE       4096
#define RING_PAGES 8
#define RING_BYTES (RING_PAGES * PAGE)
#define RING_IOVA  0x100000ull

/* Registers of BAR 0. */
#define RAISE      0x010
#define ACK        0x014
#define RING_LO    0x028
#define RING_COUNT 0x030
#define KICK       0x034

struct user {
	int container, group, device; /* container and group are -1 with a cdev */
	int iommufd;
	uint32_t ioas, hwpt;
	char *ring; /* RING_BYTES, mapped at RING_IOVA */
};

/* All is open and mapped, or the test fails: `user->device` is -1 then. */
void user_open(struct user *user, const char *group, const char *name);
void user_open_cdev(struct user *user);
void user_close(struct user *user);

int map(const struct user *user, uint64_t iova, void *memory, uint64_t bytes);
int unmap(const struct user *user, uint64_t iova, uint64_t bytes);

void write_register(const struct user *user, uint64_t position, uint32_t value);
/* The sequence number in a page of the ring as the guest would see it; 0: never written. */
uint32_t page_sequence(const struct user *user, unsigned int page);

/* msix vector 0 to `fd`; the ioctl's result. */
int set_vector(const struct user *user, int fd);
/* Changes the v2 state; *data_fd may be NULL. 0 or -errno. */
int set_state(const struct user *user, uint32_t state, int *data_fd);

/* tracking.c: tests. */
void container_tracks(void);
void dropping_device_reports_nothing(void);
void page_table_tracks(void);
void device_tracks_its_ranges(void);

#endif
