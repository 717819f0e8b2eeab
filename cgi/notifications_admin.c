/*
 * What administrators and monitors ask of the whole: statistics, health, and the end of a
 * user's connections. Part of it the store answers, part the push daemon, by its control socket.
 *
 * Statistics of the two are told side by side. Where one cannot be reached its member is null
 * and the answer is 200 all the same, for whoever watches wants the rest then most of all;
 * /healthz is there for those who want a status. Only if there is nothing to tell it is 503.
 *
 * A disconnect closes first, which is counted, and then revokes. The other way round the push
 * daemon, which hears of a revocation from the log within a millisecond, would have closed the
 * connections before they are counted. Whoever comes back in between with an old token is
 * closed by the revocation; so when this has answered no old token holds a connection, or
 * gets one. That does not depend on the push daemon: if it cannot be asked, the tokens are
 * revoked nevertheless, and "count" is null, for it is not known. A daemon that runs then
 * closes what is open as soon as it reads on.
 */
#include "cgi/notifications.h"

#include "lib/log.h"
#include "lib/stats.h"

#include <errno.h>

enum {
	PING_TIMEOUT_MS = 1000,
	CONTROL_TIMEOUT_MS = 2000, /* for what is not worth waiting for as for the store */
};

/* Asks the push daemon. Returns 0 and an answer to release, or what control_call() returned. */
static int ask_push(struct exchange *exchange, struct slice request, int timeout,
	struct control_answer *ret_answer)
{
	const struct config *config = exchange->application->config;
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	int r = control_call(config, request, timeout, &answer);

	if (r == 0)
		*ret_answer = take(answer);
	else if (r == CONTROL_REFUSED)
		log_error("the push daemon refused a request: %.*s",
			(int)control_refusal(&answer).len, control_refusal(&answer).data);
	else if (r != -EDESTADDRREQ)
		log_event(LOG_LEVEL_ERROR, LOG_PUSH_AWAY, NULL,
			"the push daemon cannot be reached at %s: %s", config->push.control,
			strerror(-r));
	return r;
}

/* ---- GET /stats ---- */

/*
 * The store is asked first, for it knows whether the caller's token was revoked. While it is
 * away nobody can tell; then what the push daemon counts is told to every token of an
 * administrator.
 */
void notifications_stats(struct exchange *exchange)
{
	struct inbox_request request = { .operation = INBOX_STATISTICS };
	_cleanup_(stats_release) struct stats stats = { 0 };
	struct inbox_answer answer;
	int r = route_call_store(exchange, &request, &answer);

	if (r == 0)
		r = stats_take_store(&stats, &answer);
	if (r != INBOX_REVOKED)
		ask_push(exchange, STATS_COMMAND, CONTROL_TIMEOUT_MS, &stats.push);
	if (stats.push.text.len == 0 && stats.store.len == 0) {
		route_refuse_for_store(exchange, &request, r);
		return;
	}
	if (r != 0)
		log_error("the store tells no statistics: %s", r < 0 ? strerror(-r) : "it refuses");
	stats_format(&exchange->answer->body, &stats);
}

/* ---- POST /disconnect ---- */

/* Who, and whether tokens are revoked, too. */
struct disconnect {
	struct slice user;
	bool revoke;
};

static void read_user(struct json_object *value, struct disconnect *disconnect,
	struct problems *problems)
{
	disconnect->user = json_string(value);
	if (!disconnect->user.data || !notification_user_valid(disconnect->user))
		problems_add(problems, SLICE("userId"),
			"must be 1 to 255 bytes of UTF-8 without control characters");
}

static void read_revoke(struct json_object *value, struct disconnect *disconnect,
	struct problems *problems)
{
	if (!json_object_is_type(value, json_type_boolean))
		problems_add(problems, SLICE("revoke"), "must be true or false");
	disconnect->revoke = json_object_get_boolean(value);
}

static const struct member {
	const char *name;
	void (*read)(struct json_object *value, struct disconnect *disconnect,
		struct problems *problems);
} members[] = {
	{ "userId", read_user },
	{ "revoke", read_revoke },
};

static void read_member(struct slice name, struct json_object *value, struct disconnect *disconnect,
	struct problems *problems)
{
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		if (!slice_is(name, members[i].name))
			continue;
		members[i].read(value, disconnect, problems);
		return;
	}
	problems_add(problems, name, "is not a member of this request");
}

/* Slices point into the object. False if it is answered what is wrong. */
static bool read_disconnect(struct exchange *exchange, struct json_object *object,
	struct disconnect *ret_disconnect)
{
	struct disconnect disconnect = { 0 };
	struct problems problems = { 0 };

	json_object_object_foreach(object, name, value)
	{
		read_member(slice_of(name), value, &disconnect, &problems);
	}
	if (!json_object_object_get_ex(object, "userId", NULL))
		problems_add(&problems, SLICE("userId"), "is missing");
	if (problems.count > 0)
		answer_problems(exchange->answer, "The request is not valid", &problems);
	*ret_disconnect = disconnect;
	return problems.count == 0;
}

static bool parse_body(struct exchange *exchange, struct json_object **ret_object)
{
	int r = json_parse(exchange->request->body, ret_object);

	if (r < 0)
		answer_refuse(exchange->answer, 503, "The service is short of memory");
	else if (r > 0)
		route_refuse_field(exchange->answer, "", json_problem((enum json_error)r));
	else if (!json_object_is_type(*ret_object, json_type_object))
		route_refuse_field(exchange->answer, "", "the body must be a JSON object");
	else
		return true;
	return false;
}

/* Closes the user's connections. Returns whether it is known how many there were. */
static bool close_connections(struct exchange *exchange, const char *user, uint64_t *ret_count)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer request = { 0 };

	control_format_disconnect(&request, user);
	return ask_push(exchange, buffer_slice(&request), CONTROL_TIMEOUT_MS, &answer) == 0 &&
	       control_number(&answer, "count", ret_count) == 0;
}

/* The store has the last word on who asks: before anything is closed, and when it revokes. */
static bool caller_is_good(struct exchange *exchange, struct slice user)
{
	struct inbox_request request = { .operation = INBOX_COUNT, .user = user };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	return route_ask_store(exchange, &request, &answer) == 0;
}

static bool revoke_tokens(struct exchange *exchange, struct slice user)
{
	struct inbox_request request = { .operation = INBOX_REVOKE, .user = user };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	return route_ask_store(exchange, &request, &answer) == 0;
}

static void disconnect_user(struct exchange *exchange, const struct disconnect *disconnect)
{
	struct buffer *body = &exchange->answer->body;
	uint64_t count = 0;
	bool counted;

	if (!caller_is_good(exchange, disconnect->user))
		return;
	counted = close_connections(exchange, disconnect->user.data, &count);
	if (!counted && !disconnect->revoke) {
		answer_refuse(exchange->answer, 503, "The push daemon does not answer: try again");
		return;
	}
	if (disconnect->revoke && !revoke_tokens(exchange, disconnect->user))
		return;
	buffer_append_string(body, "{\"count\":");
	if (counted)
		buffer_append_decimal(body, count);
	else
		buffer_append_string(body, "null");
	buffer_append_string(body, "}");
}

void notifications_disconnect(struct exchange *exchange)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct disconnect disconnect;

	if (parse_body(exchange, &object) && read_disconnect(exchange, object, &disconnect))
		disconnect_user(exchange, &disconnect);
}

/* ---- GET /healthz ---- */

/* A push daemon without a control socket is not looked at. */
static bool push_is_well(struct exchange *exchange)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	int r = ask_push(exchange, SLICE("{\"command\":\"ping\"}"), PING_TIMEOUT_MS, &answer);

	return r == 0 || r == -EDESTADDRREQ;
}

void notifications_healthz(struct exchange *exchange)
{
	struct inbox_request request = { .operation = INBOX_COUNT, .user = SLICE("healthz") };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	if (route_ask_store(exchange, &request, &answer) != 0)
		return;
	if (push_is_well(exchange))
		buffer_append_string(&exchange->answer->body, "{\"status\":\"ok\"}");
	else
		answer_refuse(exchange->answer, 503, "The push daemon does not answer");
}
