/*
 * The codec: every width at its limits, byte order, and decoding of every
 * truncation of a message, which must fail and never read beyond the end.
 */
#include "lib/codec.h"
#include "tests/tap.h"

#include <errno.h>
#include <stdlib.h>

static void test_byte_order(void)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };
	static const uint8_t expected[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0x01, 0x23,
		0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };

	encode_u8(&to, 0x01);
	encode_u16(&to, 0x2345);
	encode_u32(&to, 0x6789abcd);
	encode_u64(&to, UINT64_C(0x0123456789abcdef));
	ok_bytes_equal(to.data, to.len, expected, sizeof(expected), "integers are big endian");
}

static void test_order_of_keys(void)
{
	static const uint64_t values[] = { 0, 1, 255, 256, 65535, 65536, UINT32_MAX,
		UINT64_C(1) << 32, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX };

	for (size_t i = 1; i < ARRAY_LENGTH(values); i++) {
		_cleanup_(buffer_release) struct buffer low = { 0 }, high = { 0 };

		encode_u64(&low, values[i - 1]);
		encode_u64(&high, values[i]);
		tap_ok(memcmp(low.data, high.data, 8) < 0, "%ju sorts before %ju",
			(uintmax_t)values[i - 1], (uintmax_t)values[i]);
	}
}

static void check_integer(uint64_t value)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };
	struct decoder from;

	encode_u8(&to, (uint8_t)value);
	encode_u16(&to, (uint16_t)value);
	encode_u32(&to, (uint32_t)value);
	encode_u64(&to, value);
	ok_int_equal(to.len, 15, "the widths of %jx", (uintmax_t)value);
	from = decoder_of(to.data, to.len);
	ok_int_equal(decode_u8(&from), (uint8_t)value, "%jx as u8", (uintmax_t)value);
	ok_int_equal(decode_u16(&from), (uint16_t)value, "%jx as u16", (uintmax_t)value);
	ok_int_equal(decode_u32(&from), (uint32_t)value, "%jx as u32", (uintmax_t)value);
	tap_ok(decode_u64(&from) == value, "%jx as u64", (uintmax_t)value);
	ok_int_equal(decoder_finish(&from), 0, "nothing is left");
}

static void test_integers(void)
{
	static const uint64_t values[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff,
		0x10000, INT32_MAX, UINT64_C(0x80000000), UINT32_MAX, UINT64_C(1) << 32, INT64_MAX,
		UINT64_C(1) << 63, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
		check_integer(values[i]);
}

static void test_strings(void)
{
	static const size_t lengths[] = { 0, 1, 2, 127, 128, 254, 255 };
	char text[256];

	memset(text, 'x', sizeof(text));
	text[1] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		_cleanup_(buffer_release) struct buffer to = { 0 };
		struct slice slice = { .data = text, .len = lengths[i] };
		struct decoder from;

		encode_short(&to, slice);
		encode_long(&to, slice);
		ok_int_equal(to.len, 1 + 4 + 2 * lengths[i], "%zu bytes twice", lengths[i]);
		from = decoder_of(to.data, to.len);
		tap_ok(slice_equal(decode_short(&from), slice), "%zu as short", lengths[i]);
		tap_ok(slice_equal(decode_long(&from), slice), "%zu as long", lengths[i]);
		ok_int_equal(decoder_finish(&from), 0, "nothing is left");
	}
}

static void test_long_string(void)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };
	_cleanup_(freeing_memory) char *text = calloc(70000, 1);
	struct slice slice = { .data = text, .len = 70000 };
	struct decoder from;

	encode_long(&to, slice);
	ok_bytes_equal(to.data, 4, "\0\x01\x11\x70", 4, "its length is four bytes");
	from = decoder_of(to.data, to.len);
	tap_ok(slice_equal(decode_long(&from), slice), "a string of 70000 bytes");
}

static void test_slices_point_inside(void)
{
	static const uint8_t bytes[] = { 2, 'a', 'b', 'c', 'd', 'e' };
	struct decoder from = decoder_of(bytes, sizeof(bytes));
	struct slice text = decode_short(&from), two = decode_bytes(&from, 2);
	struct slice rest = decode_rest(&from), nothing = decode_rest(&from);

	tap_ok(text.data == (const char *)bytes + 1, "a string is not copied");
	ok_bytes_equal(text.data, text.len, "ab", 2, "the string");
	ok_bytes_equal(two.data, two.len, "cd", 2, "the bytes");
	ok_bytes_equal(rest.data, rest.len, "e", 1, "the rest");
	ok_int_equal(nothing.len, 0, "no rest is left");
	ok_int_equal(decoder_finish(&from), 0, "and that is no failure");
}

/* A message of one of each, decoded; adds up whatever was not a zero. */
static int decode_message(const void *data, size_t len, uint64_t *ret_sum)
{
	struct decoder from = decoder_of(data, len);

	*ret_sum = decode_u8(&from);
	*ret_sum += decode_u16(&from);
	*ret_sum += decode_u32(&from);
	*ret_sum += decode_u64(&from);
	*ret_sum += decode_short(&from).len;
	*ret_sum += decode_long(&from).len;
	*ret_sum += decode_bytes(&from, 2).len;
	return decoder_finish(&from);
}

/* Each truncation lies in memory of its own, whose end the sanitizer watches. */
static void test_truncation(void)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };
	uint64_t sum;

	encode_u8(&to, 1);
	encode_u16(&to, 1);
	encode_u32(&to, 1);
	encode_u64(&to, 1);
	encode_short(&to, SLICE("abc"));
	encode_long(&to, SLICE("defg"));
	buffer_append_string(&to, "hi");
	ok_int_equal(decode_message(to.data, to.len, &sum), 0, "the whole message");
	ok_int_equal(sum, 4 + 3 + 4 + 2, "all of it was seen");
	for (size_t len = 0; len < to.len; len++) {
		_cleanup_(freeing_memory) char *copy = malloc(len ? len : 1);

		memcpy(copy, to.data, len);
		ok_int_equal(decode_message(copy, len, &sum), -EBADMSG, "cut to %zu bytes", len);
	}
	buffer_append_string(&to, "!");
	ok_int_equal(decode_message(to.data, to.len, &sum), -EBADMSG, "one byte too many");
}

static void check_still_failed(struct decoder *from, const char *what)
{
	ok_int_equal(decode_u8(from), 0, "%s: then a zero", what);
	ok_int_equal(decode_u64(from), 0, "%s: and another", what);
	ok_int_equal(decode_bytes(from, 0).len, 0, "%s: no bytes", what);
	ok_int_equal(decode_short(from).len, 0, "%s: an empty string", what);
	ok_int_equal(decode_long(from).len, 0, "%s: an empty long string", what);
	ok_int_equal(decode_rest(from).len, 0, "%s: no rest", what);
	ok_int_equal(decoder_finish(from), -EBADMSG, "%s: the failure stays", what);
}

/* A failed read must not let a smaller one behind it succeed. */
static void test_failure_sticks(void)
{
	static const uint8_t bytes[] = { 0xff, 0xff, 0xff };
	static const uint8_t long_bytes[] = { 0xff, 0xff, 0xff, 0xff, 'x' };
	struct decoder integer = decoder_of(bytes, 3), text = decoder_of(bytes, 3);
	struct decoder longer = decoder_of(long_bytes, 5), huge = decoder_of(bytes, 3);
	struct decoder empty = decoder_of(NULL, 0);

	ok_int_equal(decode_u32(&integer), 0, "four bytes of three");
	check_still_failed(&integer, "an integer");
	ok_int_equal(decode_short(&text).len, 0, "255 bytes of two");
	check_still_failed(&text, "a short string");
	ok_int_equal(decode_long(&longer).len, 0, "4 GiB of one");
	check_still_failed(&longer, "a long string");
	ok_int_equal(decode_bytes(&huge, SIZE_MAX).len, 0, "all bytes there could be");
	check_still_failed(&huge, "bytes");
	ok_int_equal(decoder_finish(&empty), 0, "nothing is a whole message of nothing");
	ok_int_equal(decode_rest(&empty).len, 0, "and has no rest");
	ok_int_equal(decode_u8(&empty), 0, "a byte of nothing");
	check_still_failed(&empty, "nothing");
}

static void test_uuid(void)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };
	struct uuid uuid = { { 1, 2, 3, [15] = 255 } }, none = { { 0 } }, read;
	struct decoder from;

	encode_uuid(&to, &uuid);
	ok_bytes_equal(to.data, to.len, uuid.bytes, UUID_BYTES, "an identifier is its bytes");
	from = decoder_of(to.data, to.len);
	read = decode_uuid(&from);
	tap_ok(uuid_compare(&read, &uuid) == 0 && decoder_finish(&from) == 0, "and is read back");
	from = decoder_of(to.data, to.len - 1);
	read = decode_uuid(&from);
	tap_ok(uuid_compare(&read, &none) == 0, "one that is cut is zeros");
	check_still_failed(&from, "a cut identifier");
}

static void test_full_buffer(void)
{
	_cleanup_(buffer_release) struct buffer to = { .limit = 7 };

	encode_u32(&to, 1);
	encode_u32(&to, 2);
	ok_int_equal(buffer_status(&to), -ENOBUFS, "encoding into a full buffer fails");
	ok_int_equal(to.len, 4, "and leaves no half of an integer");
}

int main(void)
{
	test_byte_order();
	test_order_of_keys();
	test_integers();
	test_strings();
	test_long_string();
	test_slices_point_inside();
	test_truncation();
	test_failure_sticks();
	test_uuid();
	test_full_buffer();
	return tap_done();
}
