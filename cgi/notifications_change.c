/*
 * Requests that change an inbox. Answers to a user's own change bear the counts
 * that it led to; the answer to a publisher does not, for they are the
 * recipient's business.
 */
#include "cgi/notifications.h"

#include "lib/timestamp.h"

#include <string.h>

/* A path as it may stand in a URL: what is not unreserved (RFC 3986) is escaped. */
static void append_path(struct buffer *to, struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.data[i];

		if (c < 0x80 && (c == '/' || c == '-' || c == '.' || c == '_' || c == '~' ||
					(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
					(c >= 'a' && c <= 'z')))
			buffer_append(to, &path.data[i], 1);
		else
			buffer_print(to, "%%%02X", c);
	}
}

/* Location: the address of what was created. */
static void set_location(struct exchange *exchange, const struct uuid *id)
{
	_cleanup_(buffer_release) struct buffer location = { 0 };
	char text[UUID_SIZE];

	uuid_format(id, text);
	append_path(&location, exchange->path.base);
	buffer_print(&location, "/%s", text);
	if (buffer_string(&location))
		answer_header(exchange->answer, "Location", location.data);
}

static void create(struct exchange *exchange, const struct draft *draft)
{
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = draft,
		.draft_count = 1,
	};
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct notification notification;

	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	notification = inbox_created(&answer, draft, 0);
	notifications_append(exchange, &notification);
	buffer_append_string(&exchange->answer->body, "}");
	set_location(exchange, &notification.id);
	exchange->answer->status = 201;
}

void notifications_create(struct exchange *exchange)
{
	struct problems problems = { 0 };
	struct draft draft;
	int r;

	if (http_variable(exchange->request, "HTTP_IDEMPOTENCY_KEY")) {
		route_refuse_field(exchange->answer, "Idempotency-Key",
			"this service does not support it yet: send the request without it");
		return;
	}
	r = draft_parse(exchange->request->body, DRAFT_FOR_USER, timestamp_now(), &problems,
		&draft);
	if (r < 0) {
		answer_refuse(exchange->answer, 503, "The service is short of memory");
	} else if (r > 0) {
		answer_problems(exchange->answer, "The notification is not valid", &problems);
	} else {
		create(exchange, &draft);
		draft_release(&draft);
	}
}

/* Ends a body that has members already. */
static void append_counts(struct exchange *exchange, const struct counts *counts)
{
	buffer_append_string(&exchange->answer->body, ",");
	answer_counts(&exchange->answer->body, counts);
	buffer_append_string(&exchange->answer->body, "}");
}

static void mark(struct exchange *exchange, enum inbox_operation operation)
{
	struct inbox_request request = { .operation = operation, .id = exchange->words.id };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	if (notifications_append_one(exchange, &answer))
		append_counts(exchange, &answer.counts);
}

void notifications_mark_read(struct exchange *exchange)
{
	mark(exchange, INBOX_MARK_READ);
}

void notifications_mark_unread(struct exchange *exchange)
{
	mark(exchange, INBOX_MARK_UNREAD);
}

/* Changes many at once: {"count":n,"message":"n notifications were VERB", ...} */
static void change_many(struct exchange *exchange, enum inbox_operation operation, const char *verb)
{
	struct inbox_request request = { .operation = operation };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct buffer *body = &exchange->answer->body;

	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	buffer_append_string(body, "{\"count\":");
	buffer_append_decimal(body, answer.affected);
	buffer_append_string(body, ",\"message\":\"");
	buffer_append_decimal(body, answer.affected);
	buffer_print(body, " %s %s\"",
		answer.affected == 1 ? "notification was" : "notifications were", verb);
	append_counts(exchange, &answer.counts);
}

void notifications_read_all(struct exchange *exchange)
{
	change_many(exchange, INBOX_READ_ALL, "marked as read");
}

void notifications_seen(struct exchange *exchange)
{
	struct inbox_request request = { .operation = INBOX_SEEN };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	buffer_append_string(&exchange->answer->body, "{");
	answer_counts(&exchange->answer->body, &answer.counts);
	buffer_append_string(&exchange->answer->body, "}");
}

void notifications_delete(struct exchange *exchange)
{
	struct inbox_request request = { .operation = INBOX_DELETE, .id = exchange->words.id };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	buffer_append_string(&exchange->answer->body,
		"{\"message\":\"The notification was deleted\"");
	append_counts(exchange, &answer.counts);
}

/* One parameter must say which, so that a missing id never empties an inbox. */
void notifications_delete_many(struct exchange *exchange)
{
	const struct http_query *query = &exchange->query;
	bool read;

	if (query->count != 1 || !slice_is(query->list[0].value, "true")) {
		answer_refuse(exchange->answer, 400,
			"Say which notifications to delete: ?all=true or ?read=true");
		return;
	}
	read = slice_is(query->list[0].name, "read");
	change_many(exchange, read ? INBOX_DELETE_READ : INBOX_DELETE_ALL, "deleted");
}
