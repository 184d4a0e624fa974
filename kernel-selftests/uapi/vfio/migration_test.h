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
#define IRQ_TEST "vfio_migration_irq_test"
#define RESET_TEST "vfio_migration_reset_test"
#define STATE_TEST "vfio_migration_state_test and vfio_migration_v1_test"
#define STREAM_TEST "vfio_migration_stream_test"

/*
 * Without this, the test has nothing to say about the device; what it has said
 * stands.  Every test has a process of its own, which ends here, wherever in the
 * test that is: exit() leaves the devices that are open as device_leave() does.
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
 * For what a test needs and another program judges: if it fails, that one says
 * so, and this one cannot tell anything.  It belongs into FIXTURE_SETUP, where
 * nothing has been done yet that the test is about: the same step behind that is
 * what is judged here, and ASSERT_EQ's.
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

/* However its last user left it: "To abort a RESUMING session the device must be reset." */
#define HAVE_IT_RUN(device)                                                            \
	do {                                                                           \
		u32 __state = NUM_STATES;                                              \
										       \
		REQUIRE_DONE(migration_get_state(device, &__state), STATE_TEST);       \
		if (__state != VFIO_DEVICE_STATE_RUNNING) {                            \
			REQUIRE_DONE(device_reset(device), RESET_TEST);                \
			REQUIRE_DONE(migration_get_state(device, &__state), STATE_TEST); \
		}                                                                      \
		REQUIRE(__state == VFIO_DEVICE_STATE_RUNNING,                          \
			"opened and reset, the device is in %s, see " RESET_TEST,      \
			state_name(__state));                                          \
	} while (0)

/* A device that migrates, and runs. */
#define OPEN_MIGRATING(device, number, by)                                             \
	do {                                                                           \
		OPEN_DEVICE(device, number, by);                                       \
		REQUIRE(device_migrates(device),                                       \
			"the device has neither protocol of migration");               \
		HAVE_IT_RUN(device);                                                   \
	} while (0)

/* In the place of one that is open. */
#define OPEN_ANEW(device, number, by)                                                  \
	do {                                                                           \
		device_leave(device);                                                  \
		(device) = NULL;                                                       \
		OPEN_MIGRATING(device, number, by);                                    \
	} while (0)

/*
 * What most tests build on, proved before they do anything else: a running device
 * is saved, takes its own data back, and runs; `stream` becomes those.
 */
#define REQUIRE_TRANSFER(device, stream)                                               \
	do {                                                                           \
		REQUIRE_DONE(stream_save(device, stream, false), STREAM_TEST);         \
		REQUIRE_DONE(stream_load(device, stream), STREAM_TEST);                \
		REQUIRE_DONE(migration_set_state(device, VFIO_DEVICE_STATE_RUNNING),   \
			     STREAM_TEST);                                             \
	} while (0)

/* The same of its states: each can be entered by a running device, and left for RUNNING. */
#define REQUIRE_STATES(device)                                                         \
	do {                                                                           \
		u32 __to;                                                              \
										       \
		for (__to = VFIO_DEVICE_STATE_STOP; __to < NUM_STATES; __to++) {       \
			if (__to == VFIO_DEVICE_STATE_RESUMING ||                      \
			    !device_has_state(device, __to))                           \
				continue;                                              \
			REQUIRE_DONE(migration_set_state(device, __to), STATE_TEST);   \
			REQUIRE_DONE(migration_set_state(device,                       \
							 VFIO_DEVICE_STATE_RUNNING),   \
				     STATE_TEST);                                      \
		}                                                                      \
	} while (0)

#endif
