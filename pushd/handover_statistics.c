/*
 * The counters as bytes and back, see handover_record.h: each by its name, so that a program
 * that has others takes those that it knows.
 */
#include "pushd/handover_record.h"

#include <errno.h>

struct member {
	const char *name;
	size_t offset; /* of numbers of 64 bits … */
	size_t count;  /* … so many */
};

#define ONE(field)                                            \
	{                                                     \
#field, offsetof(struct statistics, field), 1 \
	}
#define MANY(field, n)                                        \
	{                                                     \
#field, offsetof(struct statistics, field), n \
	}

/* clang-format off */
static const struct member members[] = {
	ONE(opened),
	ONE(upgraded),
	ONE(streams),
	ONE(authenticated),
	ONE(messages_in),
	ONE(messages_out),
	ONE(bytes_out),
	ONE(conflations),
	ONE(stalls),
	ONE(age),
	ONE(latency.sum),
	MANY(changes, CHANGE_KINDS_COUNT),
	MANY(resyncs, STATISTICS_RESYNCS),
	MANY(latency.counts, STATISTICS_BOUNDS + 1),
#define X(enumerator, name) ONE(refused[enumerator]),
	STATISTICS_REASONS(X)
#undef X
#define X(code) ONE(closed[END_##code]),
	STATISTICS_ENDS(X)
#undef X
	ONE(closed[END_OTHER]),
	ONE(closed[END_STREAM]),
	ONE(closed[END_UNFINISHED]),
};
/* clang-format on */

static uint64_t *numbers_of(const struct statistics *statistics, const struct member *member)
{
	return (uint64_t *)((char *)statistics + member->offset);
}

void handover_statistics_encode(const struct statistics *statistics, struct buffer *to)
{
	encode_u32(to, statistics->begun);
	encode_u16(to, ARRAY_LENGTH(members));
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		encode_short(to, slice_of(members[i].name));
		encode_u8(to, (uint8_t)members[i].count);
		for (size_t n = 0; n < members[i].count; n++)
			encode_u64(to, numbers_of(statistics, &members[i])[n]);
	}
}

static const struct member *find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		if (slice_is(name, members[i].name))
			return &members[i];
	return NULL;
}

int handover_statistics_decode(struct statistics *statistics, struct decoder *from)
{
	uint16_t left;

	statistics->begun = decode_u32(from);
	for (left = decode_u16(from); left > 0 && !from->failed; left--) {
		const struct member *member = find(decode_short(from));
		uint8_t count = decode_u8(from);

		for (uint8_t n = 0; n < count; n++) {
			uint64_t number = decode_u64(from);

			if (member && n < member->count)
				numbers_of(statistics, member)[n] = number;
		}
	}
	return from->failed ? -EBADMSG : 0;
}
