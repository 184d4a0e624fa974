/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small harness for the device model's unit tests: each program has a table
 * of tests and writes KTAP.  A failed CHECK says where and ends its test.
 */
#ifndef EMU_TESTS_KTAP_H
#define EMU_TESTS_KTAP_H

#include <stdbool.h>
#include <stdio.h>

struct test {
	const char *name;
	void (*run)(void);
};

extern bool test_failed;

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			test_failed = true; \
			return; \
		} \
	} while (0)

/* Both values are shown when they differ. */
#define CHECK_EQUAL(got, wanted) \
	do { \
		long long check_got = (long long)(got); \
		long long check_wanted = (long long)(wanted); \
		if (check_got != check_wanted) { \
			printf("# %s:%d: %s is %lld, wanted %lld\n", __FILE__, __LINE__, #got, \
			       check_got, check_wanted); \
			test_failed = true; \
			return; \
		} \
	} while (0)

int run_tests(const struct test *tests, unsigned int count);

#define TEST_MAIN(tests) \
	bool test_failed; \
	int main(void) \
	{ \
		return run_tests(tests, sizeof(tests) / sizeof((tests)[0])); \
	}

#endif
