/*
 * UUID version 7 with a monotonic counter (RFC 9562, section 6.2, method 2):
 * the 74 bits behind the time are one number. It is drawn at random when the
 * millisecond is new, and raised by a random step of 32 bits within one, so that
 * identifiers stay unguessable and always ascend.
 */
#include "lib/uuid.h"

#include "lib/timestamp.h"

#include <errno.h>
#include <sys/random.h>

struct uuid_parts {
	int64_t time;  /* milliseconds */
	uint16_t high; /* rand_a: the upper 12 bits of the counter */
	uint64_t low;  /* rand_b: the lower 62 */
};

static const uint16_t HIGH_MAX = 0xfff;
static const uint64_t LOW_MAX = UINT64_C(0x3fffffffffffffff);

static struct uuid_parts uuid_split(const struct uuid *uuid)
{
	const uint8_t *b = uuid->bytes;
	struct uuid_parts parts = { .high = (uint16_t)((b[6] & 0x0f) << 8 | b[7]) };

	parts.time = uuid_time(uuid);
	for (int i = 8; i < UUID_BYTES; i++)
		parts.low = parts.low << 8 | b[i];
	parts.low &= LOW_MAX;
	return parts;
}

static struct uuid uuid_join(const struct uuid_parts *parts)
{
	struct uuid uuid;

	for (int i = 0; i < 6; i++)
		uuid.bytes[i] = (uint8_t)((uint64_t)parts->time >> (8 * (5 - i)));
	uuid.bytes[6] = (uint8_t)(0x70 | parts->high >> 8);
	uuid.bytes[7] = (uint8_t)parts->high;
	for (int i = 0; i < 8; i++)
		uuid.bytes[8 + i] = (uint8_t)(parts->low >> (8 * (7 - i)));
	uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f));
	return uuid;
}

static void uuid_step(struct uuid_parts *parts, uint64_t step)
{
	parts->low += step;
	if (parts->low <= LOW_MAX)
		return;
	parts->low &= LOW_MAX;
	if (parts->high++ < HIGH_MAX)
		return;
	parts->high = 0;
	parts->time++;
}

int uuid_next(struct uuid *last, int64_t now)
{
	struct uuid_parts parts = uuid_split(last);
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -errno;
	if (now > parts.time)
		parts = (struct uuid_parts){
			.time = now,
			.high = (uint16_t)(random[0] & (HIGH_MAX >> 1)), /* leaves room to count */
			.low = random[1] & LOW_MAX,
		};
	else
		uuid_step(&parts, (uint64_t)(uint32_t)random[0] + 1);
	*last = uuid_join(&parts);
	return 0;
}

struct uuid uuid_add(const struct uuid *uuid, uint32_t n)
{
	struct uuid_parts parts = uuid_split(uuid);

	uuid_step(&parts, n);
	return uuid_join(&parts);
}

struct uuid uuid_of(int64_t time, const uint8_t bytes[static UUID_RANDOM_BYTES])
{
	struct uuid_parts parts = { .time = time,
		.high = (uint16_t)((bytes[0] << 8 | bytes[1]) & HIGH_MAX) };

	for (int i = 2; i < UUID_RANDOM_BYTES; i++)
		parts.low = parts.low << 8 | bytes[i];
	parts.low &= LOW_MAX;
	return uuid_join(&parts);
}

int64_t uuid_time(const struct uuid *uuid)
{
	int64_t time = 0;

	for (int i = 0; i < 6; i++)
		time = time << 8 | uuid->bytes[i];
	return time;
}

bool uuid_is_version_7(const struct uuid *uuid)
{
	return uuid->bytes[6] >> 4 == 7 && uuid->bytes[8] >> 6 == 2 &&
	       uuid_time(uuid) <= TIMESTAMP_MAX;
}

static bool is_hyphen_at(size_t index)
{
	return index == 8 || index == 13 || index == 18 || index == 23;
}

void uuid_format(const struct uuid *uuid, char text[static UUID_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (is_hyphen_at(at))
			text[at++] = '-';
		text[at++] = hex[uuid->bytes[i] >> 4];
		text[at++] = hex[uuid->bytes[i] & 15];
	}
	text[at] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int uuid_parse(struct slice text, struct uuid *ret_uuid)
{
	struct uuid uuid;
	size_t digits = 0;

	if (text.len != UUID_LENGTH)
		return -EINVAL;
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		int value = hex_value(text.data[i]);
		uint8_t *byte = &uuid.bytes[digits / 2];

		if (is_hyphen_at(i)) {
			if (text.data[i] != '-')
				return -EINVAL;
			continue;
		}
		if (value < 0)
			return -EINVAL;
		*byte = (uint8_t)(digits++ % 2 ? *byte | value : value << 4);
	}
	*ret_uuid = uuid;
	return 0;
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, UUID_BYTES);
}
