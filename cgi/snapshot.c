/* Asking for the figures, see snapshot.h. */
#include "cgi/snapshot.h"

#include "lib/timestamp.h"

#include <errno.h>
#include <math.h>

enum { TIMEOUT_MS = 1000 };

static int ask_store(struct inbox *inbox, const struct inbox_caller *caller, struct stats *stats)
{
	struct inbox_request request = { .operation = INBOX_STATISTICS, .caller = *caller };
	struct inbox_answer answer;
	int r = inbox_call(inbox, &request, TIMEOUT_MS, &answer);

	return r == 0 ? stats_take_store(stats, &answer) : r;
}

void snapshot_release(struct snapshot *snapshot)
{
	buffer_release(&snapshot->text);
	json_object_put(snapshot->json);
	*snapshot = (struct snapshot){ 0 };
}

int snapshot_take(const struct application *application, const struct inbox_caller *caller,
	struct snapshot *ret_snapshot)
{
	_cleanup_(snapshot_release) struct snapshot snapshot = { .time = timestamp_now() };
	_cleanup_(stats_release) struct stats stats = { 0 };

	snapshot.store = ask_store(application->inbox, caller, &stats);
	snapshot.push = control_call(application->config, STATS_COMMAND, TIMEOUT_MS, &stats.push);
	if (snapshot.push == CONTROL_REFUSED)
		control_answer_release(&stats.push);
	stats_format(&snapshot.text, &stats);
	if (buffer_status(&snapshot.text) < 0 ||
		json_parse(buffer_slice(&snapshot.text), &snapshot.json) != 0)
		return -ENOMEM;
	*ret_snapshot = take(snapshot);
	return 0;
}

struct json_object *snapshot_find(struct json_object *json, const char *path)
{
	while (json && *path) {
		size_t len = strcspn(path, ".");
		char name[64];

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		json = json_object_object_get(json, name);
		path += len + (path[len] == '.');
	}
	return json;
}

double snapshot_number(struct json_object *json, const char *path)
{
	struct json_object *value = snapshot_find(json, path);

	switch (json_object_get_type(value)) {
	case json_type_int:
	case json_type_double:
		return json_object_get_double(value);
	case json_type_boolean:
		return json_object_get_boolean(value) ? 1 : 0;
	default:
		return NAN;
	}
}
