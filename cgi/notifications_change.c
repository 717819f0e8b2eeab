/*
 * Requests that change what is there. Answers to a user's own change bear the counts
 * that it led to; those to a publisher or administrator do not, for they are the
 * recipient's business.
 */
#include "cgi/notifications.h"

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

/* {"message":...} for one who changes what is not their own */
static void change_for_others(struct exchange *exchange, const struct inbox_request *request,
	const char *message)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	if (route_ask_store(exchange, request, &answer) == 0)
		buffer_print(&exchange->answer->body, "{\"message\":\"%s\"}", message);
}

void notifications_withdraw(struct exchange *exchange)
{
	change_for_others(exchange,
		&(struct inbox_request){
			.operation = INBOX_WITHDRAW,
			.user = exchange->words.user,
			.id = exchange->words.id,
		},
		"The notification was withdrawn");
}

void notifications_withdraw_broadcast(struct exchange *exchange)
{
	change_for_others(exchange,
		&(struct inbox_request){
			.operation = INBOX_WITHDRAW_BROADCAST,
			.id = exchange->words.id,
		},
		"The broadcast was withdrawn");
}

void notifications_forget(struct exchange *exchange)
{
	change_for_others(exchange,
		&(struct inbox_request){
			.operation = INBOX_FORGET,
			.user = exchange->words.user,
		},
		"The user was forgotten");
}
