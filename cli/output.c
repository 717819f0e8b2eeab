/* What the subcommands print, see output.h. */
#include "cli/output.h"
#include "cli/text.h"
#include "lib/json.h"

#include <errno.h>
#include <inttypes.h>

void output_counts(struct buffer *to, const struct counts *counts)
{
	buffer_print(to, "\"unreadCount\":%" PRIu64 ",\"unseenCount\":%" PRIu64 ",\"seq\":%" PRIu64,
		counts->unread, counts->unseen, counts->seq);
}

int output_headline(struct buffer *to, struct slice json)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;

	if (json_parse(json, &object) != 0)
		return -EBADMSG;
	buffer_append_slice(to, json_string(json_object_object_get(object, "title")));
	buffer_append_string(to, ": ");
	buffer_append_slice(to, json_string(json_object_object_get(object, "message")));
	return buffer_status(to);
}

int output_notification_headline(struct buffer *to, const struct notification *notification)
{
	_cleanup_(buffer_release) struct buffer json = { 0 };

	buffer_append_string(&json, "{");
	buffer_append_slice(&json, notification->content);
	buffer_append_string(&json, "}");
	if (buffer_status(&json) < 0)
		return buffer_status(&json);
	return output_headline(to, buffer_slice(&json));
}

int output_text(const struct tool *tool, const struct buffer *text)
{
	if (buffer_status(text) < 0) {
		tool_complain(tool->command, "%s", strerror(-buffer_status(text)));
		return TOOL_FAILED;
	}
	fwrite(text->data, 1, text->len, stdout);
	return TOOL_DONE;
}

int output_json(const struct tool *tool, const struct buffer *json)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };

	if (buffer_status(json) < 0)
		return output_text(tool, json);
	text_append_json(&line, buffer_slice(json));
	buffer_append_string(&line, "\n");
	return output_text(tool, &line);
}
