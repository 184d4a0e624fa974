/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all tests of migration have in common. */
#ifndef VFIO_MIGRATION_TEST_H
#define VFIO_MIGRATION_TEST_H

#include <stdlib.h>

#include "../kselftest_harness.h"

#include "lib/open.h"
#include "lib/stream.h"

/* The tests that judge what others need. */
#define BAD_STREAM_TEST "vfio_migration_bad_stream_test"
#define CLOSE_TEST "vfio_migration_close_test"
#define IRQ_TEST "vfio_migration_irq_test"
#define RESET_TEST "vfio_migration_reset_test"
#define STATE_TEST "vfio_migration_state_test and vfio_migration_v1_test"
#define STREAM_TEST "vfio_migration_stream_test"

/*
 * Without this, the test has nothing to say about the device; what it has said
 * stands.  Every test has a process of its own, which ends here, wherever in the
 * test that is: the kernel closes what is open.
 */
#define REQUIRE(condition, fmt, ...)                                    \
	do {                                                            \
		if (!(condition)) {                                     \
			if (!_metadata->exit_code)                      \
				SKIP(, fmt, ##__VA_ARGS__);             \
			exit(_metadata->exit_code);                     \
		}                                                       \
	} while (0)

/*
 * For what a test needs and another one judges: if it fails, that one says so,
 * and this one cannot tell anything.
 */
#define REQUIRE_DONE(call, other)                                                     \
	do {                                                                          \
		int __error = (call);                                                 \
										      \
		REQUIRE(!__error, "%s: %s, see " other, #call, strerror(-__error));   \
	} while (0)

#define OPEN_DEVICE(device, number, by)                     \
	do {                                                \
		(device) = device_open(number, by);         \
		REQUIRE(device, "%s", device_reason());     \
	} while (0)

/*
 * A device that migrates, and runs, however its last user left it.  One that has
 * stayed in RESUMING is left alone: without its data it has no way out.
 */
#define OPEN_MIGRATING(device, number, by)                                             \
	do {                                                                           \
		u32 __state = NUM_STATES;                                              \
										       \
		OPEN_DEVICE(device, number, by);                                       \
		REQUIRE(device_migrates(device),                                       \
			"the device has neither protocol of migration");               \
		REQUIRE_DONE(migration_get_state(device, &__state), STATE_TEST);       \
		REQUIRE(__state != VFIO_DEVICE_STATE_RESUMING,                         \
			"opened, the device is in RESUMING, see " CLOSE_TEST);         \
		if (__state != VFIO_DEVICE_STATE_RUNNING)                              \
			REQUIRE_DONE(migration_set_state(device,                       \
							 VFIO_DEVICE_STATE_RUNNING),   \
				     CLOSE_TEST);                                      \
	} while (0)

/* In the place of one that is open. */
#define OPEN_ANEW(device, number, by)                                                  \
	do {                                                                           \
		device_close(device);                                                  \
		OPEN_MIGRATING(device, number, by);                                    \
	} while (0)

#endif
