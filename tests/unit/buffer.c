/*
 * Buffers: that bytes stay what they were while memory grows, the limit to the
 * byte, and that a failure sticks until it is forgotten.
 */
#include "lib/buffer.h"
#include "tests/tap.h"

#include <errno.h>

/* AddressSanitizer is to fail like malloc() where no memory could be had. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void test_empty(void)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };

	ok_int_equal(buffer_status(&buffer), 0, "a zeroed buffer is not failed");
	ok_int_equal(buffer_slice(&buffer).len, 0, "and empty");
	buffer_append(&buffer, NULL, 0);
	buffer_append_slice(&buffer, (struct slice){ 0 });
	buffer_append_string(&buffer, "");
	buffer_consume(&buffer, 0);
	ok_int_equal(buffer.len, 0, "nothing added is nothing");
	tap_ok(!buffer.data, "and takes no memory");
	ok_string_equal(buffer_string(&buffer), "", "its string is empty");
	ok_int_equal(buffer.len, 0, "the NUL is not counted");
	buffer_release(&buffer);
	buffer_release(&buffer);
	tap_ok(!buffer.data && buffer.size == 0, "released twice");
	tap_ok(buffer_reserve(&buffer, 0), "no room is no failure");
}

/* Pieces of each size from 0 to 299 in a row: memory grows many times. */
static void test_growth(void)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };
	size_t total = 0, wrong = 0;
	uint8_t piece[300] = { 0 };

	for (size_t size = 0; size < sizeof(piece); size++) {
		for (size_t i = 0; i < size; i++)
			piece[i] = (uint8_t)((total + i) * 7);
		buffer_append(&buffer, piece, size);
		total += size;
	}
	ok_int_equal(buffer_status(&buffer), 0, "growing is no failure");
	ok_int_equal(buffer.len, total, "every byte is counted");
	for (size_t i = 0; i < total; i++)
		wrong += (uint8_t)buffer.data[i] != (uint8_t)(i * 7);
	ok_int_equal(wrong, 0, "every byte is what it was");
	tap_ok(buffer.size >= total && buffer.size < 4 * total, "memory is not wasted");
}

static void test_append_kinds(void)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };

	buffer_append(&buffer, "a\0b", 3);
	buffer_append_slice(&buffer, SLICE("c\0d"));
	buffer_append_string(&buffer, "ef");
	ok_bytes_equal(buffer.data, buffer.len, "a\0bc\0def", 8, "bytes, a slice, a string");
	buffer_clear(&buffer);
	ok_int_equal(buffer.len, 0, "cleared");
	tap_ok(buffer.size > 0, "with its memory");
	buffer_append_string(&buffer, "x");
	ok_string_equal(buffer_string(&buffer), "x", "and filled again");
}

static void test_reserve(void)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };
	char *at;

	buffer_append_string(&buffer, "ab");
	at = buffer_reserve(&buffer, 1000);
	tap_ok(at == buffer.data + 2, "room is behind the content");
	memset(at, 'x', 1000);
	ok_int_equal(buffer.len, 2, "and not counted yet");
	buffer.len += 1;
	ok_string_equal(buffer_string(&buffer), "abx", "what was written is counted by the caller");
}

static void test_print(void)
{
	_cleanup_(buffer_release) struct buffer buffer = { 0 };

	buffer_print(&buffer, "%s-%d", "a", 7);
	buffer_print(&buffer, "%s", "");
	buffer_print(&buffer, "%c%s", '\0', "b");
	ok_bytes_equal(buffer.data, buffer.len, "a-7\0b", 5, "printed, NUL bytes too");
}

/* Printed texts that end just before, at and behind each end of memory. */
static void test_print_sizes(void)
{
	size_t wrong = 0;

	for (int length = 0; length < 1100; length++) {
		_cleanup_(buffer_release) struct buffer buffer = { 0 };

		buffer_print(&buffer, "%*s", length, "");
		buffer_append_string(&buffer, "|");
		wrong += buffer.len != (size_t)length + 1 || buffer.data[length] != '|' ||
			 buffer_status(&buffer) != 0;
	}
	ok_int_equal(wrong, 0, "every length is printed whole");
}

static void test_decimal(void)
{
	static const struct {
		uint64_t value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 99, "99" },
		{ 100, "100" },
		{ 1234567890, "1234567890" },
		{ UINT64_C(9999999999999999999), "9999999999999999999" },
		{ UINT64_C(10000000000000000000), "10000000000000000000" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_(buffer_release) struct buffer buffer = { 0 };

		buffer_append_string(&buffer, "x");
		buffer_append_decimal(&buffer, cases[i].value);
		ok_string_equal(buffer_string(&buffer) + 1, cases[i].text, "%s in decimal",
			cases[i].text);
	}
}

static void test_consume(void)
{
	for (size_t n = 0; n <= 6; n++) {
		_cleanup_(buffer_release) struct buffer buffer = { 0 };

		buffer_append_string(&buffer, "abcdef");
		buffer_consume(&buffer, n);
		ok_string_equal(buffer_string(&buffer), &"abcdef"[n], "%zu bytes consumed", n);
		buffer_append_string(&buffer, "g");
		ok_int_equal(buffer.len, 7 - n, "and one added");
	}
}

/* The ways to add just what the limit allows. */
static void test_up_to_limit(void)
{
	_cleanup_(buffer_release) struct buffer appended = { .limit = 4 };
	_cleanup_(buffer_release) struct buffer printed = { .limit = 4 };
	_cleanup_(buffer_release) struct buffer decimal = { .limit = 4 };
	_cleanup_(buffer_release) struct buffer reserved = { .limit = 4 };

	buffer_append_string(&appended, "abc");
	buffer_append_string(&appended, "d");
	buffer_print(&printed, "%s", "abcd");
	buffer_append_decimal(&decimal, 1234);
	ok_string_equal(buffer_string(&appended), "abcd", "appended to the limit");
	ok_string_equal(buffer_string(&printed), "abcd", "printed to the limit");
	ok_string_equal(buffer_string(&decimal), "1234", "a number to the limit");
	tap_ok(buffer_reserve(&reserved, 4), "room to the limit");
	ok_int_equal(reserved.size, 4, "and no memory beyond it");
	tap_ok(!buffer_reserve(&reserved, 5), "but no more");
	ok_int_equal(buffer_status(&appended), 0, "that is no failure");
	ok_int_equal(buffer_status(&printed), 0, "nor that");
	ok_int_equal(buffer_status(&decimal), 0, "nor that");
}

static void check_failed(struct buffer *buffer, int failure, const char *what)
{
	ok_int_equal(buffer_status(buffer), failure, "%s: the failure", what);
	ok_bytes_equal(buffer->data, buffer->len, "abc", 3, "%s: the content stays", what);
	tap_ok(!buffer_reserve(buffer, 0), "%s: no room any more", what);
	tap_ok(!buffer_string(buffer), "%s: no string", what);
	buffer_append_string(buffer, "x");
	buffer_append_decimal(buffer, 1);
	buffer_print(buffer, "%d", 1);
	ok_int_equal(buffer->len, 3, "%s: nothing is added", what);
	ok_int_equal(buffer_status(buffer), failure, "%s: the first failure stays", what);
	buffer_clear(buffer);
	ok_int_equal(buffer_status(buffer), 0, "%s: clearing forgets it", what);
	buffer_append_string(buffer, "abcd");
	ok_string_equal(buffer_string(buffer), "abcd", "%s: and it works again", what);
}

static void test_beyond_limit(void)
{
	_cleanup_(buffer_release) struct buffer appended = { .limit = 4 };
	_cleanup_(buffer_release) struct buffer printed = { .limit = 4 };
	_cleanup_(buffer_release) struct buffer decimal = { .limit = 4 };

	buffer_append_string(&appended, "abc");
	buffer_append_string(&appended, "de");
	check_failed(&appended, -ENOBUFS, "appended beyond the limit");
	buffer_append_string(&printed, "abc");
	buffer_print(&printed, "%d", 10);
	check_failed(&printed, -ENOBUFS, "printed beyond the limit");
	buffer_append_string(&decimal, "abc");
	buffer_append_decimal(&decimal, 10);
	check_failed(&decimal, -ENOBUFS, "a number beyond the limit");
	buffer_release(&appended);
	ok_int_equal(appended.limit, 4, "releasing keeps the limit");
	buffer_append_string(&appended, "abcde");
	ok_int_equal(buffer_status(&appended), -ENOBUFS, "which counts again");
}

static void test_no_memory(void)
{
	_cleanup_(buffer_release) struct buffer huge = { 0 }, overflow = { 0 }, most = { 0 };

	buffer_append_string(&huge, "abc");
	tap_ok(!buffer_reserve(&huge, SIZE_MAX / 4), "more memory than there is");
	check_failed(&huge, -ENOMEM, "out of memory");
	buffer_append_string(&overflow, "abc");
	tap_ok(!buffer_reserve(&overflow, SIZE_MAX), "a size that wraps around");
	check_failed(&overflow, -ENOBUFS, "a size that wraps around");
	buffer_append_string(&most, "abc");
	tap_ok(!buffer_reserve(&most, SIZE_MAX / 2 - 3), "the largest size");
	check_failed(&most, -ENOMEM, "the largest size");
}

int main(void)
{
	test_empty();
	test_growth();
	test_append_kinds();
	test_reserve();
	test_print();
	test_print_sizes();
	test_decimal();
	test_consume();
	test_up_to_limit();
	test_beyond_limit();
	test_no_memory();
	return tap_done();
}
