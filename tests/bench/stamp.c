/* Times in messages, see stamp.h. */
#include "tests/bench/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char mark[] = "sent=";

const char *stamp_write(int64_t time, char text[static STAMP_LEN + 1])
{
	snprintf(text, STAMP_LEN + 1, "%s%019lld", mark, (long long)time);
	return text;
}

int64_t stamp_find(struct slice message, size_t *ret_at)
{
	const char *at = memmem(message.data, message.len, mark, sizeof(mark) - 1);
	int64_t time = 0;

	if (!at || (size_t)(message.data + message.len - at) < STAMP_LEN)
		return 0;
	for (const char *digit = at + sizeof(mark) - 1; digit < at + STAMP_LEN; digit++)
		time = time * 10 + (*digit - '0');
	if (ret_at)
		*ret_at = (size_t)(at - message.data);
	return time;
}
