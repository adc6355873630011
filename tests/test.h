/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test - TAP for unit tests: TEST(name) { check(...); } and TEST_MAIN(TEST_RUN(name), …).
 *
 * A failed check prints file, line and what was compared, and the test goes on; one TAP line a test.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_case {
	const char *name;
	void (*run)(void);
};

static int test_failures;

#define TEST(name) static void test_##name(void)
#define TEST_RUN(name)                                                                                       \
	{                                                                                                    \
#name, test_##name                                                                           \
	}

#define check(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                   \
			test_failures++;                                                                     \
		}                                                                                            \
	} while (0)

#define check_int(got, want)                                                                                 \
	do {                                                                                                 \
		long long got_ = (long long)(got), want_ = (long long)(want);                                \
		if (got_ != want_) {                                                                         \
			printf("# %s:%d: %s is %lld, wanted %lld\n", __FILE__, __LINE__, #got, got_, want_); \
			test_failures++;                                                                     \
		}                                                                                            \
	} while (0)

#define check_text(got, want)                                                                                \
	do {                                                                                                 \
		const char *got_ = (got), *want_ = (want);                                                   \
		if (!got_ || !want_ ? got_ != want_ : strcmp(got_, want_) != 0) {                            \
			printf("# %s:%d: %s is \"%s\", wanted \"%s\"\n", __FILE__, __LINE__, #got,           \
				got_ ? got_ : "(null)", want_ ? want_ : "(null)");                           \
			test_failures++;                                                                     \
		}                                                                                            \
	} while (0)

static inline int test_run_all(const struct test_case *cases, size_t count)
{
	int failed = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		test_failures = 0;
		cases[i].run();
		printf("%sok %zu - %s\n", test_failures ? "not " : "", i + 1, cases[i].name);
		fflush(stdout);
		failed += test_failures != 0;
	}
	return failed != 0;
}

#define TEST_MAIN(...)                                                                                       \
	int main(void)                                                                                       \
	{                                                                                                    \
		static const struct test_case cases[] = {__VA_ARGS__};                                       \
		return test_run_all(cases, sizeof(cases) / sizeof(cases[0]));                                \
	}
