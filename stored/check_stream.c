/* Walks of several tables side by side, and what the parts of the check say alike. */
#include "stored/check_internal.h"

#include <errno.h>

int stream_begin(struct check *check, struct table *table, const char *name,
	struct stream *ret_stream)
{
	struct slice all = { 0 };

	*ret_stream = (struct stream){ .check = check, .name = name, .table = table };
	ret_stream->result = table_walk_begin(table, NULL, all, &ret_stream->walk);
	if (ret_stream->result < 0)
		return ret_stream->result;
	stream_next(ret_stream);
	return 0;
}

void stream_end(struct stream *stream)
{
	if (stream->table)
		table_walk_end(&stream->walk);
}

void stream_next(struct stream *stream)
{
	stream->result = table_walk_up(&stream->walk, NULL, &stream->key, &stream->value);
	if (stream->result < 0)
		report_problem(stream->check->report, "%s.db cannot be read any further: %s",
			stream->name, strerror(-stream->result));
}

struct slice stream_prefix(const struct stream *stream)
{
	struct slice user;

	if (table_key_get_user(stream->key, &user) < 0)
		return stream->key;
	return (struct slice){ user.data, user.len + 1 };
}

bool stream_has_user(const struct stream *stream, struct slice prefix)
{
	return stream_has(stream) && slice_equal(stream_prefix(stream), prefix);
}

int stream_id(const struct stream *stream, struct uuid *ret_id)
{
	struct slice prefix = stream_prefix(stream);

	if (stream->key.len == prefix.len + UUID_BYTES)
		return table_key_get_id(stream->key, ret_id);
	report_problem(stream->check->report, "%s.db: a row of %.*s has a key that is none",
		stream->name, (int)prefix.len, prefix.data);
	return -EBADMSG;
}

struct id_text id_text(const struct uuid *id)
{
	struct id_text text = { 0 };

	uuid_format(id, text.text);
	return text;
}

void check_id(struct check *check, struct slice name, const char *what, const struct uuid *id)
{
	if (uuid_compare(id, &check->store->last_id) > 0)
		report_problem(check->report, "%.*s: %s %s is above the last identifier given out",
			(int)name.len, name.data, what, id_text(id).text);
}
