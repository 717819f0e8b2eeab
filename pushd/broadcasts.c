/* The last broadcast changes, see broadcasts.h. */
#include "pushd/broadcasts.h"

static struct buffer *record_of(struct broadcasts *broadcasts, uint64_t number)
{
	return &broadcasts->records[number % BROADCASTS_KEPT];
}

void broadcasts_add(struct broadcasts *broadcasts, const struct change *change)
{
	uint64_t number = change->counts.seq;
	struct buffer *record = record_of(broadcasts, number);

	if (broadcasts->newest == 0 || number != broadcasts->newest + 1)
		broadcasts->oldest = number;
	broadcasts->newest = number;
	if (number - broadcasts->oldest >= BROADCASTS_KEPT)
		broadcasts->oldest = number - BROADCASTS_KEPT + 1;
	buffer_release(record); /* the next may be much shorter */
	change_format(record, change);
	if (buffer_status(record) < 0)
		broadcasts->oldest = number + 1;
}

bool broadcasts_get(const struct broadcasts *broadcasts, uint64_t number, struct change *ret_change)
{
	const struct buffer *record = &broadcasts->records[number % BROADCASTS_KEPT];

	return number >= broadcasts->oldest && number <= broadcasts->newest &&
	       change_parse(buffer_slice(record), ret_change) == 0;
}

void broadcasts_release(struct broadcasts *broadcasts)
{
	for (size_t i = 0; i < BROADCASTS_KEPT; i++)
		buffer_release(&broadcasts->records[i]);
	*broadcasts = (struct broadcasts){ 0 };
}
