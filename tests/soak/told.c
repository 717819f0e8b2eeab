/* What a message says, see told.h. */
#include "tests/soak/told.h"

/* A member's number; our notifications have no such text in them. */
static bool find_number(struct slice text, const char *name, uint64_t *ret_value)
{
	size_t len = strlen(name);
	const char *at = memmem(text.data, text.len, name, len);
	const char *end = text.data + text.len;
	uint64_t value = 0;

	if (!at)
		return false;
	for (at += len; at < end && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	*ret_value = value;
	return true;
}

bool told_counts(struct slice text, struct counts *ret_counts)
{
	struct counts counts = { 0 };

	if (!find_number(text, "\"unreadCount\":", &counts.unread) ||
		!find_number(text, "\"unseenCount\":", &counts.unseen) ||
		!find_number(text, "\"seq\":", &counts.seq))
		return false;
	*ret_counts = counts;
	return true;
}

bool told_contains(struct slice text, const char *what)
{
	return memmem(text.data, text.len, what, strlen(what)) != NULL;
}
