/*
 * One notification from the command line, see compose.h. It becomes the JSON
 * object that POST / of the REST interface takes, and goes through the same
 * parser, so the rules stand in one place.
 *
 * With a key the store tells a second attempt by the digests of the key and of
 * what was asked for. The latter has the expiry as it was given: "2h" is the
 * same request a minute later.
 */
#include "cli/compose.h"
#include "lib/digest.h"
#include "cli/duration.h"
#include "cli/output.h"
#include "lib/json.h"
#include "lib/timestamp.h"
#include "lib/utf8.h"

#include <errno.h>

_Static_assert((int)DIGEST_BYTES == (int)INBOX_DIGEST_BYTES, "the store takes SHA-256");

struct compose {
	const struct command_spec *command;
	const char *user, *title, *message;
	const struct compose_options *options;
	struct tool tool;
};

bool compose_options_given(const struct compose_options *options)
{
	return options->type || options->link || options->data || options->category ||
	       options->expires || options->key;
}

static int append_string(const struct compose *compose, struct buffer *to, const char *name,
	const char *value)
{
	if (!value)
		return TOOL_DONE;
	if (utf8_length(slice_of(value)) == UTF8_INVALID)
		return tool_refuse(compose->command, "%s: must be UTF-8", name);
	buffer_print(to, "%s\"%s\":", to->len > 1 ? "," : "", name);
	json_append_string(to, slice_of(value));
	return TOOL_DONE;
}

/* As it was given: a parse and a new print could change its numbers. */
static int append_data(const struct compose *compose, struct buffer *to)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	const char *value = compose->options->data;
	int result;

	if (!value)
		return TOOL_DONE;
	result = json_parse(slice_of(value), &object);
	if (result != 0)
		return tool_refuse(compose->command, "data: %s",
			result > 0 ? json_problem((enum json_error)result) : strerror(-result));
	buffer_append_string(to, ",\"data\":");
	buffer_append_string(to, value);
	return TOOL_DONE;
}

/* The JSON object of the REST interface. */
static int append_object(const struct compose *compose, struct buffer *to, const char *expires)
{
	const struct compose_options *options = compose->options;
	const struct {
		const char *name, *value;
	} members[] = {
		{ "userId", compose->user },
		{ "type", options->type ? options->type : "info" },
		{ "title", compose->title },
		{ "message", compose->message },
		{ "link", options->link },
		{ "category", options->category },
		{ "expiresAt", expires },
	};
	int status = TOOL_DONE;

	buffer_append_string(to, "{");
	for (size_t i = 0; i < ARRAY_LENGTH(members) && status == TOOL_DONE; i++)
		status = append_string(compose, to, members[i].name, members[i].value);
	if (status == TOOL_DONE)
		status = append_data(compose, to);
	buffer_append_string(to, "}");
	return status;
}

static int fail(const struct compose *compose, int error)
{
	tool_complain(compose->command, "%s", strerror(-error));
	return TOOL_FAILED;
}

/* A length of time is one from `now` on; what is none must be a time, which the draft's rules judge. */
static int compose_draft(const struct compose *compose, int64_t now, struct draft *ret_draft)
{
	_cleanup_(buffer_release) struct buffer json = { 0 };
	const char *expires = compose->options->expires;
	struct problems problems = { 0 };
	char time[TIMESTAMP_SIZE];
	int64_t seconds;
	int result;

	if (expires && duration_parse(slice_of(expires), &seconds) == 0) {
		timestamp_format(now + seconds * 1000, time);
		expires = time;
	}
	result = append_object(compose, &json, expires);
	if (result != TOOL_DONE)
		return result;
	if (buffer_status(&json) < 0)
		return fail(compose, buffer_status(&json));
	result = draft_parse(buffer_slice(&json), compose->user ? DRAFT_FOR_USER : DRAFT_BROADCAST,
		now, &problems, ret_draft);
	if (result < 0)
		return fail(compose, result);
	if (result > 0)
		return tool_refuse_problems(compose->command, &problems);
	return TOOL_DONE;
}

/* The key counts among those of this subcommand. */
static int compose_once(const struct compose *compose, struct inbox_once *ret_once)
{
	_cleanup_(buffer_release) struct buffer key = { 0 };
	_cleanup_(buffer_release) struct buffer body = { 0 };
	int result;

	buffer_append(&key, compose->command->name, strlen(compose->command->name) + 1);
	buffer_append_string(&key, compose->options->key);
	append_object(compose, &body, compose->options->expires);
	result = buffer_status(&key) < 0 ? buffer_status(&key) : buffer_status(&body);
	if (result == 0)
		result = digest_of(buffer_slice(&key), ret_once->key);
	if (result == 0)
		result = digest_of(buffer_slice(&body), ret_once->body);
	return result < 0 ? fail(compose, result) : TOOL_DONE;
}

static int print_json(const struct compose *compose, const struct inbox_answer *answer,
	const struct draft *draft)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct notification notification = inbox_created(answer, draft, 0);

	notification_format(&text, &notification);
	if (answer->replayed && buffer_status(&text) == 0) {
		text.len--; /* the closing brace */
		buffer_append_string(&text, ",\"replayed\":true}");
	}
	return output_json(&compose->tool, &text);
}

/* What an earlier attempt has created expires by the clock of that one. */
static int print_replayed(const struct compose *compose, const struct inbox_answer *answer)
{
	_cleanup_(draft_release) struct draft draft = { 0 };
	int status = compose_draft(compose, (int64_t)answer->affected, &draft);

	return status == TOOL_DONE ? print_json(compose, answer, &draft) : status;
}

static int print(const struct compose *compose, const struct inbox_answer *answer,
	const struct draft *draft)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char id[UUID_SIZE];

	if (compose->tool.json)
		return answer->replayed ? print_replayed(compose, answer)
					: print_json(compose, answer, draft);
	uuid_format(&answer->next, id);
	buffer_print(&text, "%s\n", id);
	return output_text(&compose->tool, &text);
}

static int compose_send(struct compose *compose, const struct draft *draft)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_once once;
	struct inbox_request request = {
		.operation = compose->user ? INBOX_CREATE : INBOX_BROADCAST,
		.drafts = draft,
		.draft_count = 1,
	};
	int status = TOOL_DONE;

	if (compose->options->key) {
		status = compose_once(compose, &once);
		request.once = &once;
	}
	if (status == TOOL_DONE)
		status = tool_call(&compose->tool, NULL, &request, &answer);
	return status == TOOL_DONE ? print(compose, &answer, draft) : status;
}

int compose_run(const struct command_spec *command, const struct tool_options *common,
	const char *user, const char *title, const char *message,
	const struct compose_options *options)
{
	_cleanup_(draft_release) struct draft draft = { 0 };
	struct compose compose = {
		.command = command,
		.user = user,
		.title = title,
		.message = message,
		.options = options,
	};
	int status;

	/* A script whose variable is unset would send only once whatever it has to say */
	if (options->key && !*options->key)
		return tool_refuse(command, "--key must not be empty");
	status = compose_draft(&compose, timestamp_now(), &draft);
	if (status == TOOL_DONE)
		status = tool_open(&compose.tool, command, common);
	if (status == TOOL_DONE)
		status = compose_send(&compose, &draft);
	tool_close(&compose.tool);
	return status;
}
