/*
 * Requests that change nothing: the list, the counts, one notification.
 *
 * The list's entity tag names the user's change number `seq`, and by a hash the
 * rest that the answer depends on: the life of the store, the user, the query.
 * So a client that asks again costs one read of the counts, whatever its list.
 */
#include "cgi/notifications.h"

#include "lib/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LIST_LIMIT = 50, ETAG_SIZE = 64 };

static void read_limit(struct inbox_query *query, struct slice value, struct problems *problems)
{
	uint64_t limit;

	if (http_number_parse(value, 1, INBOX_LIMIT_MAX, &limit) == 0)
		query->limit = (unsigned)limit;
	else
		problems_add(problems, SLICE("limit"), "must be a number from 1 to 100");
}

static void read_offset(struct inbox_query *query, struct slice value, struct problems *problems)
{
	uint64_t offset;

	if (http_number_parse(value, 0, INBOX_OFFSET_MAX, &offset) == 0)
		query->offset = (unsigned)offset;
	else
		problems_add(problems, SLICE("offset"), "must be a number from 0 to 10000");
}

static void read_cursor(struct inbox_query *query, struct slice value, struct problems *problems)
{
	if (uuid_parse(value, &query->cursor) == 0)
		query->from_cursor = true;
	else
		problems_add(problems, SLICE("cursor"), "must be a nextCursor of an earlier page");
}

static void read_unread(struct inbox_query *query, struct slice value, struct problems *problems)
{
	query->unread = slice_is(value, "true");
	if (!query->unread && !slice_is(value, "false"))
		problems_add(problems, SLICE("unread"), "must be true or false");
}

static void read_type(struct inbox_query *query, struct slice value, struct problems *problems)
{
	enum notification_type type;

	if (notification_type_parse(value, &type) == 0)
		query->type = (int)type;
	else
		problems_add(problems, SLICE("type"), "must be info, success, warning or error");
}

static void read_category(struct inbox_query *query, struct slice value, struct problems *problems)
{
	if (notification_category_valid(value))
		query->category = value;
	else
		problems_add(problems, SLICE("category"),
			"must be 1 to 64 of the characters a-z 0-9 . _ -");
}

static const struct {
	const char *name;
	void (*read)(struct inbox_query *query, struct slice value, struct problems *problems);
} list_parameters[] = {
	{ "limit", read_limit },
	{ "offset", read_offset },
	{ "cursor", read_cursor },
	{ "unread", read_unread },
	{ "type", read_type },
	{ "category", read_category },
};

/* Reads the page that is asked for; false if it is answered that this is wrong. */
static bool read_query(struct exchange *exchange, struct inbox_query *ret_query)
{
	struct inbox_query query = { .limit = LIST_LIMIT, .type = INBOX_ANY_TYPE };
	struct problems problems = { 0 };
	struct slice value;

	for (size_t i = 0; i < ARRAY_LENGTH(list_parameters); i++)
		if (http_query_find(&exchange->query, list_parameters[i].name, &value))
			list_parameters[i].read(&query, value, &problems);
	if (query.from_cursor && http_query_find(&exchange->query, "offset", &value))
		problems_add(&problems, SLICE("offset"), "cannot be given along with cursor");
	if (problems.count > 0) {
		answer_problems(exchange->answer, "The query is not valid", &problems);
		return false;
	}
	*ret_query = query;
	return true;
}

/* FNV-1a, 64 bits, of a text and its end. */
static uint64_t hash(uint64_t state, const char *text)
{
	const uint64_t prime = UINT64_C(0x100000001b3);

	for (; *text; text++)
		state = (state ^ (uint8_t)*text) * prime;
	return (state ^ 0xff) * prime; /* a byte that UTF-8 has not: "ab","c" is not "a","bc" */
}

static void format_etag(struct exchange *exchange, const struct counts *counts,
	char text[static ETAG_SIZE])
{
	const struct inbox_greeting *greeting = inbox_greeting(exchange->application->inbox);
	uint64_t state = UINT64_C(0xcbf29ce484222325);

	state = hash(state, greeting ? greeting->epoch : "");
	state = hash(state, exchange->principal.user);
	state = hash(state, http_text(exchange->request, "QUERY_STRING"));
	snprintf(text, ETAG_SIZE, "\"%016" PRIx64 "-%" PRIu64 "\"", state, counts->seq);
}

static void set_validators(struct exchange *exchange, const char *etag)
{
	answer_header(exchange->answer, "ETag", etag);
	exchange->answer->cache_control = "private, no-cache";
}

/* Whether the client's copy is good, and that is answered; or a failure is. */
static bool answer_unchanged(struct exchange *exchange)
{
	const char *known = http_variable(exchange->request, "HTTP_IF_NONE_MATCH");
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	char etag[ETAG_SIZE];

	if (!known)
		return false;
	if (route_ask_store(exchange, &(struct inbox_request){ .operation = INBOX_COUNT },
		    &answer) != 0)
		return true;
	format_etag(exchange, &answer.counts, etag);
	if (!http_etag_matches(known, etag))
		return false;
	exchange->answer->status = 304;
	set_validators(exchange, etag);
	return true;
}

static void format_list(struct buffer *to, struct inbox_answer *answer)
{
	struct notification notification;
	const char *separator = "";
	char cursor[UUID_SIZE];

	buffer_append_string(to, "{\"notifications\":[");
	while (inbox_next_notification(answer, &notification)) {
		buffer_append_string(to, separator);
		notification_format(to, &notification);
		separator = ",";
	}
	buffer_append_string(to, "],\"total\":");
	buffer_append_decimal(to, answer->counts.total);
	buffer_append_string(to, ",");
	answer_counts(to, &answer->counts);
	if (answer->more) {
		uuid_format(&answer->next, cursor);
		buffer_print(to, ",\"nextCursor\":\"%s\"", cursor);
	}
	buffer_append_string(to, "}");
}

void notifications_list(struct exchange *exchange)
{
	struct inbox_request request = { .operation = INBOX_LIST };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	char etag[ETAG_SIZE];

	if (!read_query(exchange, &request.query) || answer_unchanged(exchange))
		return;
	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	format_etag(exchange, &answer.counts, etag);
	set_validators(exchange, etag);
	format_list(&exchange->answer->body, &answer);
}

void notifications_count(struct exchange *exchange)
{
	struct buffer *body = &exchange->answer->body;
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	if (route_ask_store(exchange, &(struct inbox_request){ .operation = INBOX_COUNT },
		    &answer) != 0)
		return;
	buffer_append_string(body, "{");
	answer_counts(body, &answer.counts);
	buffer_append_string(body, "}");
}

void notifications_append(struct exchange *exchange, const struct notification *notification)
{
	buffer_append_string(&exchange->answer->body, "{\"notification\":");
	notification_format(&exchange->answer->body, notification);
}

bool notifications_append_one(struct exchange *exchange, struct inbox_answer *answer)
{
	struct notification notification;

	if (!inbox_next_notification(answer, &notification)) {
		log_error("the store's answer lacks the notification");
		answer_refuse(exchange->answer, 503, "The store gave half an answer");
		return false;
	}
	notifications_append(exchange, &notification);
	return true;
}

void notifications_get(struct exchange *exchange)
{
	struct inbox_request request = { .operation = INBOX_GET, .id = exchange->words.id };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	if (notifications_append_one(exchange, &answer))
		buffer_append_string(&exchange->answer->body, "}");
}
