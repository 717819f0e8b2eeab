/* The statistics of all programs as one object, see stats.h. */
#include "lib/stats.h"

#include <errno.h>

void stats_release(struct stats *stats)
{
	control_answer_release(&stats->push);
	inbox_answer_release(&stats->answer);
	*stats = (struct stats){ 0 };
}

int stats_take_store(struct stats *stats, struct inbox_answer *answer)
{
	stats->answer = take(*answer);
	return inbox_next_statistics(&stats->answer, &stats->store) ? 0 : -EBADMSG;
}

static void append_part(struct buffer *to, const char *name, struct slice json)
{
	buffer_print(to, ",\"%s\":", name);
	buffer_append_slice(to, json.len > 0 ? json : SLICE("null"));
}

void stats_format(struct buffer *to, const struct stats *stats)
{
	buffer_append_string(to, "{\"version\":\"" PACKAGE_VERSION "\"");
	append_part(to, "push", buffer_slice(&stats->push.text));
	append_part(to, "store", stats->store);
	buffer_append_string(to, "}");
}
