/*
 * What web servers pass on of a request: a line each of the input is a variable, and what
 * follows is the body. Whatever they hold, the request comes to its handler as it should be,
 * or is answered with an error.
 */
#include "cgi/idempotency.h"
#include "cgi/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "REQUEST_URI",
	"QUERY_STRING", "CONTENT_TYPE", "HTTP_IDEMPOTENCY_KEY", "HTTP_ORIGIN", "HTTP_HOST" };

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void handle(struct exchange *exchange)
{
	struct inbox_once once;
	int r = idempotency_read(exchange->request, exchange->path.below, &once);

	require(r >= 0 && r <= IDEMPOTENCY_MALFORMED);
	require(!exchange->words.user.data);
}

/* Only who is named by the path as the client wrote it can be meant. */
static void handle_user(struct exchange *exchange)
{
	const char *uri = http_text(exchange->request, "REQUEST_URI");
	struct slice user = exchange->words.user;

	require(notification_user_valid(user));
	require(strstr(uri, "/users/") != NULL);
	require(memchr(user.data, '/', user.len) == NULL || strcasestr(uri, "%2F"));
}

static const char *const none[] = { NULL };
static const char *const some[] = { "limit", "all", NULL };

static const struct route routes[] = {
	{ "GET", "/", AUTH_ANYONE, ROUTE_NO_BODY, some, handle },
	{ "POST", "/", AUTH_ANYONE, ROUTE_JSON, none, handle },
	{ "POST", "/batch", AUTH_ANYONE, ROUTE_LARGE_JSON, none, handle },
	{ "PATCH", "/ID/read", AUTH_ANYONE, ROUTE_NO_BODY, none, handle },
	{ "DELETE", "/users/USER/notifications/ID", AUTH_ANYONE, ROUTE_NO_BODY, none, handle_user },
	{ "DELETE", "/users/USER", AUTH_ANYONE, ROUTE_NO_BODY, none, handle_user },
	{ 0 },
};

/* Takes a line off the input, as "NAME=line". A NUL ends it, as it would in a variable. */
static char *next_variable(const char *name, struct slice *input)
{
	const char *end = input->len > 0 ? memchr(input->data, '\n', input->len) : NULL;
	size_t len = end ? (size_t)(end - input->data) : input->len;
	char *variable = NULL;

	if (asprintf(&variable, "%s=%.*s", name, (int)len, input->len > 0 ? input->data : "") < 0)
		abort();
	len += end != NULL;
	input->data += len;
	input->len -= len;
	return variable;
}

static void check(const struct http_request *request)
{
	static char path[] = "/n", nothing[] = "";
	static char *no_items[] = { NULL };
	struct config config = { .auth.cookie = nothing,
		.web.allowed_origins = no_items,
		.web.trusted_proxies = no_items,
		.web.max_body = 1000 };
	struct application application = { .config = &config, .path = path };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	_cleanup_(answer_release) struct answer answer = { 0 };
	size_t limit = route_body_limit(routes, &application, request);

	require(limit == 1000 || limit == ROUTE_LARGE_BODY);
	route_answer(routes, &application, request, &answer);
	require(answer.status >= 200 && answer.status < 500);
	require(answer_format(&text, &answer, false) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };
	char *variables[ARRAY_LENGTH(names) + 1] = { NULL };
	struct http_request request = { .variables = variables };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		variables[i] = next_variable(names[i], &input);
	request.body = input;
	check(&request);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		free(variables[i]);
	return 0;
}
