/*
 * Identifiers: their bits, that they ascend whatever the clock does and wherever the
 * counter stands, and their text.
 */
#include "lib/result.h"
#include "lib/uuid.h"
#include "tests/tap.h"

#include <errno.h>

static const int64_t NOW = INT64_C(1769851800123);

static bool is_version_7(const struct uuid *uuid)
{
	return uuid->bytes[6] >> 4 == 7 && uuid->bytes[8] >> 6 == 2;
}

static void test_bits(void)
{
	static const uint8_t time[] = { 0x01, 0x9c, 0x13, 0x63, 0x4a, 0x3b };
	struct uuid uuid = { 0 };

	ok_int_equal(uuid_next(&uuid, NOW), 0, "an identifier");
	ok_bytes_equal(uuid.bytes, 6, time, 6, "begins with the milliseconds");
	ok_int_equal(uuid_time(&uuid), NOW, "which can be read back");
	ok_int_equal(uuid.bytes[6] >> 4, 7, "version 7");
	ok_int_equal(uuid.bytes[8] >> 6, 2, "the variant of RFC 9562");
	ok_int_equal(uuid.bytes[6] & 8, 0, "the counter begins in its lower half");
}

static void test_largest_time(void)
{
	const int64_t largest = (INT64_C(1) << 48) - 1;
	struct uuid uuid = { 0 };

	uuid_next(&uuid, largest);
	ok_int_equal(uuid_time(&uuid), largest, "48 bits of milliseconds");
	tap_ok(is_version_7(&uuid), "do not touch the version");
}

/* Makes identifiers by a clock; counts those that are not above the one before. */
static unsigned count_disorder(int64_t (*clock)(int i), int count, int *ret_version_7)
{
	struct uuid last = { 0 }, uuid = { 0 };
	unsigned disorder = 0;

	*ret_version_7 = 0;
	for (int i = 0; i < count; i++) {
		if (uuid_next(&uuid, clock(i)) != 0)
			return UINT32_MAX;
		disorder += uuid_compare(&uuid, &last) <= 0;
		*ret_version_7 += is_version_7(&uuid);
		last = uuid;
	}
	return disorder;
}

static int64_t standing(int i)
{
	(void)i;
	return NOW;
}

static int64_t going(int i)
{
	return NOW + i / 3;
}

static int64_t going_back(int i)
{
	return NOW - i;
}

static int64_t jumping(int i)
{
	return NOW + (i % 7 - 3) * INT64_C(1000000);
}

static void test_ascends(void)
{
	enum { COUNT = 100000 };
	int version_7;

	ok_int_equal(count_disorder(standing, COUNT, &version_7), 0, "while the clock stands");
	ok_int_equal(version_7, COUNT, "all are of version 7");
	ok_int_equal(count_disorder(going, COUNT, &version_7), 0, "while it goes");
	ok_int_equal(version_7, COUNT, "all are of version 7");
	ok_int_equal(count_disorder(going_back, COUNT, &version_7), 0, "while it goes back");
	ok_int_equal(version_7, COUNT, "all are of version 7");
	ok_int_equal(count_disorder(jumping, COUNT, &version_7), 0, "while it jumps");
	ok_int_equal(version_7, COUNT, "all are of version 7");
}

static struct uuid parsed(const char *text)
{
	struct uuid uuid = { 0 };

	ok_int_equal(uuid_parse(slice_of(text), &uuid), 0, "%s: read", text);
	return uuid;
}

/* The counter at its end: carried into its upper part, then into the time. */
static void test_carry(void)
{
	struct uuid low_full = parsed("019c1363-4a3b-7123-bfff-ffffffffffff");
	struct uuid all_full = parsed("019c1363-4a3b-7fff-bfff-ffffffffffff");
	struct uuid before_low = low_full, before_all = all_full;

	uuid_next(&low_full, NOW);
	tap_ok(uuid_compare(&low_full, &before_low) > 0 && is_version_7(&low_full),
		"the lower part full: above it");
	ok_int_equal((low_full.bytes[6] & 15) << 8 | low_full.bytes[7], 0x124,
		"carried into the upper part");
	ok_int_equal(uuid_time(&low_full), NOW, "the time stays");
	uuid_next(&all_full, NOW);
	tap_ok(uuid_compare(&all_full, &before_all) > 0 && is_version_7(&all_full),
		"all full: above it");
	ok_int_equal(uuid_time(&all_full), NOW + 1, "carried into the time");
}

/* Somebody who sees one identifier must not know the next. */
static void test_unguessable(void)
{
	struct uuid a = { 0 }, b = { 0 }, next = { 0 };
	unsigned small_steps = 0;

	uuid_next(&a, NOW);
	uuid_next(&b, NOW);
	tap_ok(uuid_compare(&a, &b) != 0, "two counters of one millisecond begin apart");
	for (int i = 0; i < 1000; i++) {
		next = a;
		uuid_next(&next, NOW);
		small_steps += memcmp(next.bytes, a.bytes, 14) == 0;
		a = next;
	}
	tap_ok(small_steps < 20, "steps are seldom below 65536 (%u of 1000)", small_steps);
}

static void test_text(void)
{
	static const char text[] = "019c1366-4f3b-7123-89ab-cdef01234567";
	static const uint8_t bytes[] = { 0x01, 0x9c, 0x13, 0x66, 0x4f, 0x3b, 0x71, 0x23, 0x89, 0xab,
		0xcd, 0xef, 0x01, 0x23, 0x45, 0x67 };
	struct uuid uuid = parsed(text), upper = parsed("019C1366-4F3B-7123-89AB-CDEF01234567");
	char formatted[UUID_SIZE + 1];

	ok_bytes_equal(uuid.bytes, UUID_BYTES, bytes, sizeof(bytes), "the bytes of the text");
	ok_int_equal(uuid_compare(&uuid, &upper), 0, "upper case is the same");
	memset(formatted, 'x', sizeof(formatted));
	uuid_format(&upper, formatted);
	ok_string_equal(formatted, text, "written in lower case");
	ok_int_equal(formatted[UUID_SIZE], 'x', "not a byte more");
	parsed("00000000-0000-0000-0000-000000000000");
	parsed("ffffffff-ffff-ffff-ffff-ffffffffffff");
	parsed("c232ab00-9414-11ec-b3c8-9e6bdeced846");
}

/* As bytes and as text, the order is the same. */
static void test_order_of_text(void)
{
	struct uuid uuid = { 0 };
	char last[UUID_SIZE] = "";
	unsigned disorder = 0;

	for (int i = 0; i < 10000; i++) {
		char text[UUID_SIZE];

		uuid_next(&uuid, NOW + i / 100);
		uuid_format(&uuid, text);
		disorder += strcmp(text, last) <= 0;
		memcpy(last, text, sizeof(last));
	}
	ok_int_equal(disorder, 0, "text sorts like the bytes");
}

static void check_refused(struct slice text, const char *what)
{
	struct uuid uuid, untouched;

	memset(&uuid, 0x77, sizeof(uuid));
	untouched = uuid;
	ok_int_equal(uuid_parse(text, &uuid), -EINVAL, "%s: refused", what);
	ok_int_equal(uuid_compare(&uuid, &untouched), 0, "%s: nothing handed out", what);
}

static const char *const refused_text[] = {
	"",
	"019c1366",
	"019c1366-4f3b-7123-89ab-cdef0123456",
	"019c1366-4f3b-7123-89ab-cdef012345678",
	"019c13664f3b712389abcdef01234567",
	"{19c1366-4f3b-7123-89ab-cdef0123456}",
	"019c1366-4f3b-7123-89ab_cdef01234567",
	"019c136-64f3b-7123-89ab-cdef01234567",
	"019c1366-4f3b-7123-89ab-cdef0123456g",
	" 19c1366-4f3b-7123-89ab-cdef01234567",
	"019c1366-4f3b-7123-89ab-cdef0123456-",
	"-19c1366-4f3b-7123-89ab-cdef01234567",
	"0x9c1366-4f3b-7123-89ab-cdef01234567",
};

static void test_refused_text(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(refused_text); i++)
		check_refused(slice_of(refused_text[i]), refused_text[i]);
	check_refused((struct slice){ 0 }, "no text at all");
	check_refused(SLICE("019c1366-4f3b-7123-89ab-cdef0123456\0"), "NUL as a digit");
}

/* Each position with each byte: only a digit for a digit, a hyphen for a hyphen. */
static void test_every_byte(void)
{
	static const char whole[] = "019c1366-4f3b-7123-89ab-cdef01234567";
	unsigned wrong = 0;

	for (size_t i = 0; i < UUID_LENGTH; i++) {
		for (int byte = 0; byte < 256; byte++) {
			char copy[UUID_SIZE];
			bool digit = byte && strchr("0123456789abcdefABCDEF", byte);
			bool fits = whole[i] == '-' ? byte == '-' : digit;
			struct uuid uuid;

			memcpy(copy, whole, sizeof(copy));
			copy[i] = (char)byte;
			wrong += (uuid_parse((struct slice){ copy, UUID_LENGTH }, &uuid) == 0) !=
				 fits;
		}
	}
	ok_int_equal(wrong, 0, "every byte in every place");
}

static void test_compare(void)
{
	struct uuid low = parsed("00000000-0000-0000-0000-0000000000ff");
	struct uuid middle = parsed("00000000-0000-0000-0000-000000000100");
	struct uuid high = parsed("80000000-0000-0000-0000-000000000000");

	tap_ok(uuid_compare(&low, &middle) < 0, "below");
	tap_ok(uuid_compare(&high, &middle) > 0, "above, as unsigned bytes");
	ok_int_equal(uuid_compare(&low, &low), 0, "equal");
}

static void test_version_7(void)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "019c1366-4f3b-7123-89ab-cdef01234567", true },
		{ "00000000-0000-7000-8000-000000000000", true },
		{ "e677d21f-dbff-7000-bfff-ffffffffffff", true }, /* the end of 9999 */
		{ "e677d21f-dc00-7000-8000-000000000000", false },
		{ "019c1366-4f3b-4123-89ab-cdef01234567", false },
		{ "019c1366-4f3b-7123-c9ab-cdef01234567", false },
		{ "019c1366-4f3b-7123-09ab-cdef01234567", false },
		{ "00000000-0000-0000-0000-000000000000", false },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct uuid uuid = parsed(cases[i].text);

		tap_ok(uuid_is_version_7(&uuid) == cases[i].is, "%s is %sone of ours",
			cases[i].text, cases[i].is ? "" : "not ");
	}
}

static void test_of_bytes(void)
{
	static const uint8_t ones[UUID_RANDOM_BYTES] = { 255, 255, 255, 255, 255, 255, 255, 255,
		255, 255 };
	static const uint8_t some[UUID_RANDOM_BYTES] = { 0xf1, 0x23, 0x89, 0xab, 0xcd, 0xef, 0x01,
		0x23, 0x45, 0x67 };
	struct uuid uuid = uuid_of(INT64_C(0x019c13664f3b), some);
	char text[UUID_SIZE];

	uuid_format(&uuid, text);
	ok_string_equal(text, "019c1366-4f3b-7123-89ab-cdef01234567", "of a time and of bytes");
	uuid = uuid_of(0, ones);
	uuid_format(&uuid, text);
	ok_string_equal(text, "00000000-0000-7fff-bfff-ffffffffffff", "all bits of them");
	tap_ok(uuid_is_version_7(&uuid), "and no other ones");
}

int main(void)
{
	test_bits();
	test_largest_time();
	test_ascends();
	test_carry();
	test_unguessable();
	test_text();
	test_order_of_text();
	test_refused_text();
	test_every_byte();
	test_compare();
	test_version_7();
	test_of_bytes();
	return tap_done();
}
