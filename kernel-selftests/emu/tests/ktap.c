// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a table of tests and reports as KTAP. */
#include "ktap.h"

int run_tests(const struct test *tests, unsigned int count)
{
	unsigned int failed = 0;
	unsigned int i;

	printf("KTAP version 1\n1..%u\n", count);
	for (i = 0; i < count; i++) {
		test_failed = false;
		tests[i].run();
		failed += test_failed;
		printf("%sok %u %s\n", test_failed ? "not " : "", i + 1, tests[i].name);
		fflush(stdout);
	}
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:0 error:0\n",
	       count - failed, failed);
	return failed ? 1 : 0;
}
