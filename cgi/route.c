/*
 * Routing and all checks that routes share. The order decides which of several
 * faults a client hears of: path, method, token, right, query, body.
 */
#include "cgi/route.h"

#include "cgi/cors.h"
#include "lib/log.h"
#include "lib/publisher.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <string.h>

enum { STORE_TIMEOUT_MS = 10000 };

void route_refuse_field(struct answer *answer, const char *field, const char *problem)
{
	struct problems problems = { 0 };

	problems_add(&problems, slice_of(field), problem);
	answer_problems(answer, "The request is not valid", &problems);
}

static bool method_fits(const struct route *route, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	return strcmp(route->method, method) == 0;
}

static void append_method(struct buffer *to, const char *method)
{
	buffer_print(to, "%s%s", to->len > 0 ? ", " : "", method);
}

/* The first that fits path and method, or NULL. */
static const struct route *find_route(const struct route *routes,
	const struct http_request *request, const struct path *path, struct path_words *ret_words)
{
	const char *method = http_text(request, "REQUEST_METHOD");

	for (const struct route *route = routes; route->method; route++)
		if (method_fits(route, method) && path_fits(path, route->path, ret_words))
			return route;
	return NULL;
}

static void refuse_method(struct answer *answer, const char *allowed)
{
	answer_refuse(answer, 405, "This address does not know that method");
	answer_header(answer, "Allow", allowed);
}

/* OPTIONS, a method that no route of this path has, or a path that none has. */
static void answer_without_route(const struct route *routes, struct exchange *exchange)
{
	_cleanup_(buffer_release) struct buffer allowed = { 0 };

	for (const struct route *route = routes; route->method; route++) {
		if (!path_fits(&exchange->path, route->path, &exchange->words))
			continue;
		append_method(&allowed, route->method);
		if (strcmp(route->method, "GET") == 0)
			append_method(&allowed, "HEAD");
	}
	if (allowed.len == 0) {
		answer_refuse(exchange->answer, 404, "There is nothing at this address");
		return;
	}
	append_method(&allowed, "OPTIONS");
	if (!buffer_string(&allowed))
		answer_refuse(exchange->answer, 503, "The service is short of memory");
	else if (strcmp(http_text(exchange->request, "REQUEST_METHOD"), "OPTIONS") == 0)
		cors_preflight(exchange->application->config, exchange->request, allowed.data,
			exchange->answer);
	else
		refuse_method(exchange->answer, allowed.data);
}

static bool check_principal(struct exchange *exchange, const struct route *route)
{
	int r;

	if (route->right == AUTH_ANYONE ||
		(route->right == AUTH_OBSERVER &&
			auth_is_near(exchange->application->config, exchange->request)))
		return true;
	r = auth_identify(exchange->application, exchange->request, timestamp_now(),
		&exchange->principal);
	if (r < 0)
		answer_refuse(exchange->answer, 503, "The service is short of memory");
	else if (r == TOKEN_MISSING && route->right == AUTH_OBSERVER)
		answer_refuse(exchange->answer, 403,
			"This address may not see the status: [status] allow in tidings.conf "
			"names those that may; an administrator's token will do, too");
	else if (r > 0)
		auth_refuse(exchange->answer, (enum token_error)r);
	return r == 0 && auth_permit(exchange->application->config, &exchange->principal,
				 route->right, exchange->answer);
}

/* Of a path that names a user. */
static bool check_user(struct exchange *exchange)
{
	if (!exchange->words.user.data || notification_user_valid(exchange->words.user))
		return true;
	route_refuse_field(exchange->answer, "userId",
		"must be 1 to 255 bytes of UTF-8 without control characters, percent-encoded");
	return false;
}

static bool is_known(struct slice name, const char *const *known)
{
	for (; *known; known++)
		if (slice_is(name, *known))
			return true;
	return false;
}

static bool check_query(struct exchange *exchange, const struct route *route)
{
	struct slice text = slice_of(http_text(exchange->request, "QUERY_STRING"));
	struct problems problems = { 0 };
	int r = http_query_parse(text, &exchange->query);

	if (r < 0) {
		answer_refuse(exchange->answer, 503, "The service is short of memory");
		return false;
	}
	if (r > 0) {
		answer_refuse(exchange->answer, 400,
			"The query must be percent-encoded UTF-8 and name each parameter once");
		return false;
	}
	for (size_t i = 0; i < exchange->query.count; i++)
		if (!is_known(exchange->query.list[i].name, route->parameters))
			problems_add(&problems, exchange->query.list[i].name,
				"is not a parameter of this request");
	if (problems.count > 0)
		answer_problems(exchange->answer, "The query is not valid", &problems);
	return problems.count == 0;
}

/* Nothing but white space, or an object without members. */
static bool is_nothing(struct slice body)
{
	char tokens[2];
	size_t count = 0;

	for (size_t i = 0; i < body.len; i++) {
		if (strchr(" \t\r\n", body.data[i]) && body.data[i])
			continue;
		if (count == sizeof(tokens))
			return false;
		tokens[count++] = body.data[i];
	}
	return count == 0 || (count == 2 && memcmp(tokens, "{}", 2) == 0);
}

static bool check_body(struct exchange *exchange, const struct route *route)
{
	const struct http_request *request = exchange->request;
	struct answer *answer = exchange->answer;

	if (request->body_state == HTTP_BODY_TOO_LARGE)
		answer_refuse(answer, 413, "The request body is larger than this service takes");
	else if (request->body_state == HTTP_BODY_BROKEN)
		answer_refuse(answer, 400, "The request body did not come as Content-Length says");
	else if (route->body == ROUTE_NO_BODY && !is_nothing(request->body))
		answer_refuse(answer, 400, "This request takes no body");
	else if (route->body != ROUTE_NO_BODY &&
		 !http_type_is_json(http_variable(request, "CONTENT_TYPE")))
		answer_refuse(answer, 415, "The request body must be application/json in UTF-8");
	else
		return true;
	return false;
}

/* Checks in the order of what a client hears of first, then lets the route's handler answer. */
static void answer_by_route(struct exchange *exchange, const struct route *route)
{
	exchange->answer->status = 200;
	if (check_principal(exchange, route) && check_user(exchange) &&
		check_query(exchange, route) && check_body(exchange, route))
		route->handle(exchange);
}

/* For debugging: who was refused what. */
static void tell_refusal(const struct exchange *exchange)
{
	const struct answer *answer = exchange->answer;
	const char *method = http_text(exchange->request, "REQUEST_METHOD");
	struct slice user = slice_of(exchange->principal.user), publisher = publisher_of(user);

	if (answer->status < 400)
		return;
	if (publisher.len > 0)
		user.len = 0;
	log_event(LOG_LEVEL_DEBUG, LOG_REQUEST_REFUSED,
		LOG_FIELDS(LOG_TEXT("TIDINGS_USER", user),
			LOG_TEXT("TIDINGS_PUBLISHER", publisher),
			LOG_TEXT("TIDINGS_ADDRESS",
				slice_of(http_variable(exchange->request, "REMOTE_ADDR"))),
			LOG_NUMBER("TIDINGS_STATUS", answer->status),
			LOG_TEXT("TIDINGS_CODE", slice_of(answer->code))),
		"%s refused with %u %s", method, answer->status, answer->code ? answer->code : "");
}

size_t route_body_limit(const struct route *routes, const struct application *application,
	const struct http_request *request)
{
	const struct route *route;
	struct path_words words;
	struct path path;

	path_split(request, application->path, &path);
	route = find_route(routes, request, &path, &words);
	return route && route->body == ROUTE_LARGE_JSON ? ROUTE_LARGE_BODY
							: application->config->web.max_body;
}

void route_answer(const struct route *routes, const struct application *application,
	const struct http_request *request, struct answer *answer)
{
	struct exchange exchange = {
		.application = application,
		.request = request,
		.answer = answer,
	};
	const struct route *route;

	path_split(request, application->path, &exchange.path);
	route = find_route(routes, request, &exchange.path, &exchange.words);
	if (route)
		answer_by_route(&exchange, route);
	else
		answer_without_route(routes, &exchange);
	/* What an address alone gives is not for the pages that a browser at it shows */
	if (strcmp(http_text(request, "REQUEST_METHOD"), "OPTIONS") != 0 &&
		!(route && route->right == AUTH_OBSERVER))
		cors_expose(application->config, request, answer);
	tell_refusal(&exchange);
	http_query_release(&exchange.query);
	principal_release(&exchange.principal);
}

/* What an answer other than 0 of the store is to the client; the rest is 503. */
static const struct {
	unsigned status;
	const char *sentence;
} refusals[INBOX_STATUSES] = {
	[INBOX_NOT_FOUND] = { 404, "There is no such notification" },
	[INBOX_INVALID] = { 400, "The store does not take this request" },
	[INBOX_STORAGE_FULL] = { 507, "The store's disk is full; nothing was changed" },
	[INBOX_BUSY] = { 503, "The store is busy and nothing was changed: try again" },
	[INBOX_FAILED] = { 503, "The store could not do it and nothing was changed: try again" },
	[INBOX_CONFLICT] = { 409,
		"This Idempotency-Key was used with another body; nothing was changed" },
	[INBOX_TOO_MANY] = { 507,
		"There are 1000 broadcasts, and no room for another one: withdraw "
		"one, or let one expire" },
};

static bool creates(enum inbox_operation operation)
{
	return operation == INBOX_CREATE || operation == INBOX_BROADCAST;
}

/* A create whose answer did not come may have been done. With a key it can be tried again. */
static const char *no_answer_sentence(const struct inbox_request *request, int result)
{
	if (request->once)
		return "The store does not answer: try again with the same Idempotency-Key";
	if (creates(request->operation) && (result == -ENOTCONN || result == -ETIMEDOUT))
		return "The store broke off: it is not known whether anything was created";
	return "The store does not answer: try again";
}

void route_refuse_for_store(struct exchange *exchange, const struct inbox_request *request,
	int result)
{
	struct answer *answer = exchange->answer;

	if (result == INBOX_REVOKED) {
		auth_refuse(answer, TOKEN_REVOKED);
		return;
	}
	if (result > 0 && result < INBOX_STATUSES && refusals[result].sentence) {
		answer_refuse(answer, refusals[result].status, refusals[result].sentence);
		return;
	}
	if (result == INBOX_FORBIDDEN)
		log_event(LOG_LEVEL_ERROR, LOG_PERMISSION, NULL,
			"the store does not permit this program's user to do operation %d",
			(int)request->operation);
	else
		log_event(LOG_LEVEL_ERROR, LOG_STORE_AWAY, NULL, "the store did not answer: %s",
			strerror(-result));
	answer_refuse(answer, 503, no_answer_sentence(request, result));
}

/* About no user, or about several. */
static const bool without_user[INBOX_OPERATIONS] = {
	[INBOX_CREATE] = true,
	[INBOX_BROADCAST] = true,
	[INBOX_WITHDRAW_BROADCAST] = true,
	[INBOX_STATISTICS] = true,
};

int route_call_store(struct exchange *exchange, const struct inbox_request *request,
	struct inbox_answer *ret_answer)
{
	const struct principal *principal = &exchange->principal;
	struct inbox_request whole = *request;

	whole.caller = (struct inbox_caller){ slice_of(principal->user), principal->issued };
	if (!whole.user.data && !without_user[whole.operation])
		whole.user = whole.caller.name;
	return inbox_call(exchange->application->inbox, &whole, STORE_TIMEOUT_MS, ret_answer);
}

int route_ask_store(struct exchange *exchange, const struct inbox_request *request,
	struct inbox_answer *ret_answer)
{
	int r = route_call_store(exchange, request, ret_answer);

	if (r != 0)
		route_refuse_for_store(exchange, request, r);
	return r;
}
