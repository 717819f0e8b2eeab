/*
 * A TAP producer for unit tests in C.
 *
 * Each check prints one result and continues; a failed one also prints where
 * it stands and what it saw. The checks return whether they passed, for tests
 * that cannot go on without. Every check takes a printf-style description
 * last. main() ends with return tap_done(). To be called from one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define tap_ok(condition, ...) tap_check((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)

#define ok_int_equal(actual, expected, ...) \
	tap_int_equal((actual), (expected), __FILE__, __LINE__, __VA_ARGS__)

/* Either string may be NULL, which equals only NULL. */
#define ok_string_equal(actual, expected, ...) \
	tap_string_equal((actual), (expected), __FILE__, __LINE__, __VA_ARGS__)

#define ok_bytes_equal(actual, actual_size, expected, expected_size, ...)                         \
	tap_bytes_equal((actual), (actual_size), (expected), (expected_size), __FILE__, __LINE__, \
		__VA_ARGS__)

/* Prints a line of diagnostics. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* In place of one check that cannot be made here; where CI=true it fails. */
void tap_skip(const char *reason, ...) __attribute__((format(printf, 1, 2)));

/*
 * Prints the plan. Returns the exit status: failure if a check failed, or if
 * there was none.
 */
int tap_done(void);

/* Behind the macros */
bool tap_check(bool passed, const char *condition, const char *file, int line, const char *format,
	...) __attribute__((format(printf, 5, 6)));
bool tap_int_equal(intmax_t actual, intmax_t expected, const char *file, int line,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
bool tap_string_equal(const char *actual, const char *expected, const char *file, int line,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
bool tap_bytes_equal(const void *actual, size_t actual_size, const void *expected,
	size_t expected_size, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 7, 8)));
