/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for the kernel's own harness of tools/testing/selftests, which is
 * not here: those of its macros that the tests in vfio/ use, with the same
 * meaning, so that the tests compile in the kernel's tree as they are.  With the
 * kernel's own in the include path (make KSELFTEST=DIR) that is used instead.
 *
 * Every test runs in a process of its own: a test that dies fails alone, and
 * whatever it had opened is closed.
 */
#ifndef UAPI_KSELFTEST_HARNESS_H
#define UAPI_KSELFTEST_HARNESS_H

#if defined(__has_include)
#if __has_include(<kselftest_harness.h>)
#define UAPI_HAVE_KERNEL_HARNESS
#endif
#endif

#ifdef UAPI_HAVE_KERNEL_HARNESS
#include <kselftest_harness.h>
#else

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KSFT_PASS 0
#define KSFT_FAIL 1
#define KSFT_SKIP 4

#define TEST_TIMEOUT_DEFAULT 30

#define __maybe_unused __attribute__((unused))

/* What a test process tells its parent. */
struct __test_results {
	char reason[1024];
};

struct __test_metadata {
	const char *name;
	const char *fixture;
	const char *variant_name; /* "" without variants */
	const void *variant;
	void (*run)(struct __test_metadata *_metadata, const void *variant);
	void (*teardown)(struct __test_metadata *_metadata);
	void *self;
	bool set_up;
	int exit_code;
	int trigger;
	int timeout;
	struct __test_results *results;
	struct __test_metadata *next;
};

struct __variant_metadata {
	const char *name;
	const void *data;
	struct __variant_metadata *next;
};

struct __fixture_metadata {
	const char *name;
	struct __test_metadata *tests;
	struct __variant_metadata *variants;
	struct __fixture_metadata *next;
};

static struct __fixture_metadata *__fixtures;

/* Appends, so that all run in the order of the source. */
#define __APPEND(list, item)                              \
	do {                                              \
		__typeof__(&(list)) __end = &(list);      \
							  \
		while (*__end)                            \
			__end = &(*__end)->next;          \
		*__end = (item);                          \
	} while (0)

#define TH_LOG(fmt, ...) \
	printf("# %s:%d:%s: " fmt "\n", __FILE__, __LINE__, _metadata->name, ##__VA_ARGS__)

#define SKIP(statement, fmt, ...)                                                    \
	do {                                                                         \
		snprintf(_metadata->results->reason, sizeof(_metadata->results->reason), \
			 fmt, ##__VA_ARGS__);                                        \
		_metadata->exit_code = KSFT_SKIP;                                    \
		_metadata->trigger = 0;                                              \
		statement;                                                           \
	} while (0)

#define FIXTURE_DATA(fixture_name) struct _test_data_##fixture_name
#define FIXTURE_VARIANT(fixture_name) struct _fixture_variant_##fixture_name

#define FIXTURE(fixture_name)                                                     \
	FIXTURE_VARIANT(fixture_name);                                            \
	static struct __fixture_metadata _##fixture_name##_fixture = {            \
		.name = #fixture_name,                                            \
	};                                                                        \
	static void __attribute__((constructor)) _##fixture_name##_register(void) \
	{                                                                         \
		__APPEND(__fixtures, &_##fixture_name##_fixture);                 \
	}                                                                         \
	FIXTURE_DATA(fixture_name)

#define FIXTURE_VARIANT_ADD(fixture_name, variant_name)                                    \
	extern const FIXTURE_VARIANT(fixture_name) _##fixture_name##_##variant_name;       \
	static struct __variant_metadata _##fixture_name##_##variant_name##_variant = {    \
		.name = #variant_name,                                                     \
		.data = &_##fixture_name##_##variant_name,                                 \
	};                                                                                 \
	static void __attribute__((constructor))                                           \
	_##fixture_name##_##variant_name##_register(void)                                  \
	{                                                                                  \
		__APPEND(_##fixture_name##_fixture.variants,                               \
			 &_##fixture_name##_##variant_name##_variant);                     \
	}                                                                                  \
	const FIXTURE_VARIANT(fixture_name) _##fixture_name##_##variant_name =

#define FIXTURE_SETUP(fixture_name)                                                  \
	static void fixture_name##_setup(                                            \
		struct __test_metadata __maybe_unused *_metadata,                     \
		FIXTURE_DATA(fixture_name) __maybe_unused *self,                      \
		const FIXTURE_VARIANT(fixture_name) __maybe_unused *variant)

#define FIXTURE_TEARDOWN(fixture_name)                                               \
	static void fixture_name##_teardown(                                         \
		struct __test_metadata __maybe_unused *_metadata,                     \
		FIXTURE_DATA(fixture_name) __maybe_unused *self,                      \
		const FIXTURE_VARIANT(fixture_name) __maybe_unused *variant)

#define TEST_F(fixture_name, test_name) \
	TEST_F_TIMEOUT(fixture_name, test_name, TEST_TIMEOUT_DEFAULT)

#define TEST_F_TIMEOUT(fixture_name, test_name, seconds)                             \
	static void fixture_name##_##test_name(                                      \
		struct __test_metadata *_metadata, FIXTURE_DATA(fixture_name) *self, \
		const FIXTURE_VARIANT(fixture_name) *variant);                       \
	static void fixture_name##_##test_name##_teardown(                           \
		struct __test_metadata *_metadata)                                   \
	{                                                                            \
		fixture_name##_teardown(_metadata, _metadata->self, _metadata->variant); \
	}                                                                            \
	static void fixture_name##_##test_name##_run(                                \
		struct __test_metadata *_metadata, const void *variant)              \
	{                                                                            \
		static FIXTURE_DATA(fixture_name) self;                              \
										     \
		_metadata->self = &self;                                             \
		fixture_name##_setup(_metadata, &self, variant);                     \
		if (_metadata->exit_code)                                            \
			return;                                                      \
		_metadata->set_up = true;                                            \
		fixture_name##_##test_name(_metadata, &self, variant);               \
	}                                                                            \
	static struct __test_metadata _##fixture_name##_##test_name##_test = {       \
		.name = #test_name,                                                  \
		.fixture = #fixture_name,                                            \
		.run = fixture_name##_##test_name##_run,                             \
		.teardown = fixture_name##_##test_name##_teardown,                   \
		.timeout = (seconds),                                                \
	};                                                                           \
	static void __attribute__((constructor))                                     \
	_##fixture_name##_##test_name##_register(void)                               \
	{                                                                            \
		__APPEND(_##fixture_name##_fixture.tests,                            \
			 &_##fixture_name##_##test_name##_test);                     \
	}                                                                            \
	static void fixture_name##_##test_name(                                      \
		struct __test_metadata __maybe_unused *_metadata,                     \
		FIXTURE_DATA(fixture_name) __maybe_unused *self,                      \
		const FIXTURE_VARIANT(fixture_name) __maybe_unused *variant)

/* ASSERT_ ends the test, EXPECT_ lets it go on; a block may follow either. */
#define ASSERT_EQ(expected, seen) __EXPECT(expected, #expected, seen, #seen, ==, 1)
#define ASSERT_NE(expected, seen) __EXPECT(expected, #expected, seen, #seen, !=, 1)
#define ASSERT_LT(expected, seen) __EXPECT(expected, #expected, seen, #seen, <, 1)
#define ASSERT_LE(expected, seen) __EXPECT(expected, #expected, seen, #seen, <=, 1)
#define ASSERT_GT(expected, seen) __EXPECT(expected, #expected, seen, #seen, >, 1)
#define ASSERT_GE(expected, seen) __EXPECT(expected, #expected, seen, #seen, >=, 1)
#define ASSERT_TRUE(seen) __EXPECT(0, "0", seen, #seen, !=, 1)
#define ASSERT_FALSE(seen) __EXPECT(0, "0", seen, #seen, ==, 1)

#define EXPECT_EQ(expected, seen) __EXPECT(expected, #expected, seen, #seen, ==, 0)
#define EXPECT_NE(expected, seen) __EXPECT(expected, #expected, seen, #seen, !=, 0)
#define EXPECT_LT(expected, seen) __EXPECT(expected, #expected, seen, #seen, <, 0)
#define EXPECT_LE(expected, seen) __EXPECT(expected, #expected, seen, #seen, <=, 0)
#define EXPECT_GT(expected, seen) __EXPECT(expected, #expected, seen, #seen, >, 0)
#define EXPECT_GE(expected, seen) __EXPECT(expected, #expected, seen, #seen, >=, 0)
#define EXPECT_TRUE(seen) __EXPECT(0, "0", seen, #seen, !=, 0)
#define EXPECT_FALSE(seen) __EXPECT(0, "0", seen, #seen, ==, 0)

/*
 * The optional block of the user's follows the macro, which is no single
 * statement for this: after if and else, braces are needed.  As in the kernel's,
 * values are compared as they are, a literal with an unsigned number.
 */
#define __EXPECT(_expected, _expected_text, _seen, _seen_text, _operator, _assert)      \
	do {                                                                            \
		__typeof__(_expected) __exp = (_expected);                              \
		__typeof__(_seen) __seen = (_seen);                                     \
											\
		_Pragma("GCC diagnostic push")                                          \
		_Pragma("GCC diagnostic ignored \"-Wsign-compare\"")                    \
		if (!(__exp _operator __seen)) {                                        \
			TH_LOG("Expected %s (%jd) %s %s (%jd)", _expected_text,         \
			       (intmax_t)__exp, #_operator, _seen_text,                 \
			       (intmax_t)__seen);                                       \
			_metadata->exit_code = KSFT_FAIL;                               \
			_metadata->trigger = 1;                                         \
		}                                                                       \
		_Pragma("GCC diagnostic pop")                                           \
	} while (0);                                                                    \
	for (; _metadata->trigger; _metadata->trigger = __test_bail(_metadata, _assert))

static inline void __test_exit(struct __test_metadata *_metadata)
{
	if (_metadata->set_up) {
		_metadata->set_up = false;
		_metadata->teardown(_metadata);
	}
	fflush(NULL);
	_exit(_metadata->exit_code);
}

static inline int __test_bail(struct __test_metadata *_metadata, int assert)
{
	if (assert)
		__test_exit(_metadata);
	return 0;
}

static inline int __test_outcome(const struct __test_metadata *test, int status)
{
	if (WIFEXITED(status)) {
		if (WEXITSTATUS(status) == KSFT_PASS || WEXITSTATUS(status) == KSFT_SKIP)
			return WEXITSTATUS(status);
		if (WEXITSTATUS(status) != KSFT_FAIL)
			printf("# %s: exit code %d\n", test->name, WEXITSTATUS(status));
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
		printf("# %s: not done after %d s\n", test->name, test->timeout);
	} else if (WIFSIGNALED(status)) {
		printf("# %s: ended by signal %d\n", test->name, WTERMSIG(status));
	}
	return KSFT_FAIL;
}

static inline int __test_run(struct __test_metadata *test)
{
	int status;
	pid_t pid;

	memset(test->results, 0, sizeof(*test->results));
	pid = fork();
	if (!pid) {
		alarm(test->timeout);
		test->run(test, test->variant);
		__test_exit(test);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return KSFT_FAIL;
	return __test_outcome(test, status);
}

static inline void __test_title(const struct __test_metadata *test, char *title, size_t size)
{
	snprintf(title, size, "%s%s%s.%s", test->fixture, *test->variant_name ? "." : "",
		 test->variant_name, test->name);
}

/* Without filters all; else those named by -t TEST, -v VARIANT, -f FIXTURE or -r TITLE. */
static inline bool __test_wanted(const struct __test_metadata *test, int argc, char **argv)
{
	char title[256];
	bool any = false;
	int i;

	__test_title(test, title, sizeof(title));
	for (i = 1; i + 1 < argc; i++) {
		const char *name = argv[i + 1];

		if (strlen(argv[i]) != 2 || argv[i][0] != '-' || !strchr("tvfr", argv[i][1]))
			continue;
		any = true;
		i++;
		if ((argv[i - 1][1] == 't' && !strcmp(name, test->name)) ||
		    (argv[i - 1][1] == 'v' && !strcmp(name, test->variant_name)) ||
		    (argv[i - 1][1] == 'f' && !strcmp(name, test->fixture)) ||
		    (argv[i - 1][1] == 'r' && !strcmp(name, title)))
			return true;
	}
	return !any;
}

/* Calls `visit` for every test of every variant that is wanted; returns how many. */
static inline unsigned int __test_each(int argc, char **argv,
				       void (*visit)(struct __test_metadata *test,
						     unsigned int number, void *context),
				       void *context)
{
	static const struct __variant_metadata none = { .name = "" };
	struct __fixture_metadata *fixture;
	unsigned int number = 0;

	for (fixture = __fixtures; fixture; fixture = fixture->next) {
		const struct __variant_metadata *variant = fixture->variants ?: &none;

		for (; variant; variant = variant->next) {
			struct __test_metadata *test;

			for (test = fixture->tests; test; test = test->next) {
				test->variant_name = variant->name;
				test->variant = variant->data;
				if (!__test_wanted(test, argc, argv))
					continue;
				number++;
				if (visit)
					visit(test, number, context);
			}
		}
	}
	return number;
}

struct __test_counts {
	unsigned int pass, fail, skip;
	struct __test_results *results;
};

static inline void __test_visit(struct __test_metadata *test, unsigned int number,
				void *context)
{
	struct __test_counts *counts = context;
	char title[256];
	int outcome;

	__test_title(test, title, sizeof(title));
	test->results = counts->results;
	outcome = __test_run(test);
	if (outcome == KSFT_SKIP) {
		counts->skip++;
		printf("ok %u %s # SKIP %s\n", number, title, test->results->reason);
	} else if (outcome == KSFT_PASS) {
		counts->pass++;
		printf("ok %u %s\n", number, title);
	} else {
		counts->fail++;
		printf("not ok %u %s\n", number, title);
	}
}

static inline void __test_list(struct __test_metadata *test, unsigned int number __maybe_unused,
			       void *context __maybe_unused)
{
	char title[256];

	__test_title(test, title, sizeof(title));
	puts(title);
}

static inline int test_harness_run(int argc, char **argv)
{
	struct __test_counts counts = { 0 };

	if (argc > 1 && !strcmp(argv[1], "-l")) {
		__test_each(1, argv, __test_list, NULL);
		return KSFT_PASS;
	}
	/* Whole lines, so that nothing is left in the buffer when a test's process is forked. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	counts.results = mmap(NULL, sizeof(*counts.results), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts.results == MAP_FAILED) {
		perror("mmap");
		return KSFT_FAIL;
	}
	printf("KTAP version 1\n1..%u\n", __test_each(argc, argv, NULL, NULL));
	__test_each(argc, argv, __test_visit, &counts);
	munmap(counts.results, sizeof(*counts.results));
	printf("# Totals: pass:%u fail:%u skip:%u\n", counts.pass, counts.fail, counts.skip);
	if (counts.fail)
		return KSFT_FAIL;
	return counts.pass ? KSFT_PASS : KSFT_SKIP;
}

#endif /* UAPI_HAVE_KERNEL_HARNESS */
#endif
