/*
 * The output is flushed after every line, so that a test that crashes, or
 * forks, leaves all that it printed and prints nothing twice.
 */
#include "tests/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_A_LINE 16

static unsigned checks;
static unsigned failures;

/* A line break in the text would end the TAP line. */
static void print_text(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static void print_text(const char *format, va_list arguments)
{
	char text[1024];

	vsnprintf(text, sizeof text, format, arguments);
	for (const char *c = text; *c; c++) {
		if (*c == '\n')
			printf("\\n");
		else
			putchar(*c);
	}
}

static void begin_result(bool passed)
{
	checks++;
	if (!passed)
		failures++;
	printf("%sok %u", passed ? "" : "not ", checks);
}

static bool result(bool passed, const char *file, int line, const char *format, va_list arguments)
	__attribute__((format(printf, 4, 0)));

static bool result(bool passed, const char *file, int line, const char *format, va_list arguments)
{
	begin_result(passed);
	printf(" - ");
	print_text(format, arguments);
	putchar('\n');
	if (!passed)
		printf("# failed at %s:%d\n", file, line);
	fflush(stdout);
	return passed;
}

void tap_note(const char *format, ...)
{
	va_list arguments;

	printf("# ");
	va_start(arguments, format);
	print_text(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

bool tap_check(bool passed, const char *condition, const char *file, int line, const char *format,
	...)
{
	va_list arguments;

	va_start(arguments, format);
	result(passed, file, line, format, arguments);
	va_end(arguments);
	if (!passed)
		tap_note("false: %s", condition);
	return passed;
}

bool tap_int_equal(intmax_t actual, intmax_t expected, const char *file, int line,
	const char *format, ...)
{
	va_list arguments;
	bool passed = actual == expected;

	va_start(arguments, format);
	result(passed, file, line, format, arguments);
	va_end(arguments);
	if (!passed)
		tap_note("expected %jd, got %jd", expected, actual);
	return passed;
}

static void note_string(const char *label, const char *string)
{
	if (string)
		tap_note("%s \"%s\"", label, string);
	else
		tap_note("%s NULL", label);
}

bool tap_string_equal(const char *actual, const char *expected, const char *file, int line,
	const char *format, ...)
{
	va_list arguments;
	bool passed = actual && expected ? strcmp(actual, expected) == 0 : actual == expected;

	va_start(arguments, format);
	result(passed, file, line, format, arguments);
	va_end(arguments);
	if (!passed) {
		note_string("expected", expected);
		note_string("got     ", actual);
	}
	return passed;
}

static void note_bytes(const char *label, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	tap_note("%s %zu bytes", label, size);
	for (size_t offset = 0; offset < size; offset += BYTES_A_LINE) {
		printf("#   %04zx ", offset);
		for (size_t i = offset; i < size && i < offset + BYTES_A_LINE; i++)
			printf(" %02x", bytes[i]);
		putchar('\n');
	}
	fflush(stdout);
}

/* The first offset at which the two differ. */
static size_t first_difference(const void *a, size_t a_size, const void *b, size_t b_size)
{
	const unsigned char *a_bytes = a, *b_bytes = b;
	size_t i = 0;

	while (i < a_size && i < b_size && a_bytes[i] == b_bytes[i])
		i++;
	return i;
}

bool tap_bytes_equal(const void *actual, size_t actual_size, const void *expected,
	size_t expected_size, const char *file, int line, const char *format, ...)
{
	va_list arguments;
	size_t same = first_difference(actual, actual_size, expected, expected_size);
	bool passed = actual_size == expected_size && same == actual_size;

	va_start(arguments, format);
	result(passed, file, line, format, arguments);
	va_end(arguments);
	if (!passed) {
		tap_note("they differ from offset %04zx", same);
		note_bytes("expected", expected, expected_size);
		note_bytes("got     ", actual, actual_size);
	}
	return passed;
}

void tap_skip(const char *reason, ...)
{
	const char *ci = getenv("CI");
	va_list arguments;

	if (ci && strcmp(ci, "true") == 0) {
		begin_result(false);
		printf(" - nothing is skipped in CI: ");
	} else {
		begin_result(true);
		printf(" # SKIP ");
	}
	va_start(arguments, reason);
	print_text(reason, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

int tap_done(void)
{
	printf("1..%u\n", checks);
	if (checks == 0)
		tap_note("no check was made");
	else if (failures)
		tap_note("%u of %u checks failed", failures, checks);
	fflush(stdout);
	return checks && !failures ? EXIT_SUCCESS : EXIT_FAILURE;
}
