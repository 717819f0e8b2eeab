/* From path, method, query and body to a handler, or to the error that comes first. */
#include "cgi/route.h"

#include "tests/tap.h"

#include <stdio.h>
#include <string.h>

static char base_path[] = "/api/notifications", nothing[] = "";
static char *no_items[] = { NULL };

#define ID "01890a5d-ac96-774b-bcce-b302099a8057"

/* Handlers leave their name, and what they were given, in the body. */
static void leave(struct exchange *exchange, const char *name)
{
	buffer_print(&exchange->answer->body, "%s at %.*s", name, (int)exchange->path.base.len,
		exchange->path.base.data ? exchange->path.base.data : "");
}

static void handle_root(struct exchange *exchange)
{
	leave(exchange, "root");
}

static void handle_word(struct exchange *exchange)
{
	leave(exchange, "word");
}

static void handle_one(struct exchange *exchange)
{
	char id[UUID_SIZE];

	uuid_format(&exchange->words.id, id);
	leave(exchange, "one");
	buffer_print(&exchange->answer->body, " %s", id);
}

static void handle_mark(struct exchange *exchange)
{
	leave(exchange, "mark");
}

static void handle_user(struct exchange *exchange)
{
	leave(exchange, "user");
	buffer_print(&exchange->answer->body, " %.*s", (int)exchange->words.user.len,
		exchange->words.user.data);
}

static void handle_create(struct exchange *exchange)
{
	leave(exchange, "create");
}

static const char *const none[] = { NULL };
static const char *const some[] = { "limit", "type", NULL };

static const struct route routes[] = {
	{ "GET", "/", AUTH_ANYONE, ROUTE_NO_BODY, some, handle_root },
	{ "POST", "/", AUTH_ANYONE, ROUTE_JSON, none, handle_create },
	{ "POST", "/large", AUTH_ANYONE, ROUTE_LARGE_JSON, none, handle_create },
	{ "GET", "/word", AUTH_ANYONE, ROUTE_NO_BODY, none, handle_word },
	{ "GET", "/ID", AUTH_ANYONE, ROUTE_NO_BODY, none, handle_one },
	{ "PATCH", "/ID/read", AUTH_ANYONE, ROUTE_NO_BODY, none, handle_mark },
	{ "DELETE", "/users/USER", AUTH_ANYONE, ROUTE_NO_BODY, none, handle_user },
	{ 0 },
};

struct exchange_case {
	const char *method, *script, *path, *query, *type, *body;
	unsigned status;
	const char *text; /* the whole body, or a part of the error's */
};

/* What the web server says of the path as the client wrote it; NULL = nothing. */
static const char *request_uri;

/* A request's variables, and what it is asked of. */
struct setting {
	struct config config;
	struct application application;
	char text[6][256];
	char *variables[7];
	struct http_request request;
};

static void set(struct setting *setting, const char *name, const char *value)
{
	size_t n = 0;

	if (!value)
		return;
	while (setting->variables[n])
		n++;
	snprintf(setting->text[n], sizeof(setting->text[n]), "%s=%s", name, value);
	setting->variables[n] = setting->text[n];
}

static void prepare(struct setting *setting, const struct exchange_case *c)
{
	*setting = (struct setting){
		.config.push.path = base_path,
		.config.web.allowed_origins = no_items,
		.config.web.trusted_proxies = no_items,
		.config.web.max_body = 1000,
		.config.auth.cookie = nothing,
		.application.config = &setting->config,
		.application.path = base_path,
		.request.variables = setting->variables,
		.request.body = slice_of(c->body),
	};
	set(setting, "REQUEST_METHOD", c->method);
	set(setting, "SCRIPT_NAME", c->script);
	set(setting, "PATH_INFO", c->path);
	set(setting, "QUERY_STRING", c->query);
	set(setting, "CONTENT_TYPE", c->type);
	set(setting, "REQUEST_URI", request_uri);
}

static void run(const struct exchange_case *c, enum http_body state, struct answer *answer)
{
	struct setting setting;

	prepare(&setting, c);
	setting.request.body_state = state;
	route_answer(routes, &setting.application, &setting.request, answer);
}

static void check(const struct exchange_case *c, enum http_body state)
{
	struct answer answer = { 0 };
	char what[256];

	run(c, state, &answer);
	snprintf(what, sizeof(what), "%s %s|%s?%s", c->method, c->script, c->path ? c->path : "-",
		c->query ? c->query : "");
	ok_int_equal(answer.status, c->status, "%s", what);
	if (answer.status == 200)
		ok_string_equal(buffer_string(&answer.body), c->text, "its handler and base");
	else if (c->text)
		tap_ok(answer.body.len > 0 && strstr(buffer_string(&answer.body), c->text),
			"its error: %s", c->text);
	answer_release(&answer);
}

static const struct exchange_case paths[] = {
	{ "GET", "/n", "/", NULL, NULL, NULL, 200, "root at /n" },
	{ "GET", "/n", "", NULL, NULL, NULL, 200, "root at /n" },
	{ "GET", "/n", NULL, NULL, NULL, NULL, 200, "root at /n" },
	{ "GET", "/n/", "/", NULL, NULL, NULL, 200, "root at /n" },
	{ "HEAD", "/n", "/", NULL, NULL, NULL, 200, "root at /n" },
	{ "GET", "", "/word", NULL, NULL, NULL, 200, "word at " },
	{ "GET", "/cgi-bin/notifications.fcgi", "/word", NULL, NULL, NULL, 200,
		"word at /cgi-bin/notifications.fcgi" },
	{ "GET", "/n", "/" ID, NULL, NULL, NULL, 200, "one at /n " ID },
	{ "GET", "/n", "/01890A5D-AC96-774B-BCCE-B302099A8057", NULL, NULL, NULL, 200,
		"one at /n " ID },
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, NULL, 200, "mark at /n" },
	/* A web server that does not split the path */
	{ "GET", "/api/notifications/word", NULL, NULL, NULL, NULL, 200,
		"word at /api/notifications" },
	{ "GET", "/api/notifications/", "", NULL, NULL, NULL, 200, "root at /api/notifications" },
	{ "GET", "/api/notifications", "", NULL, NULL, NULL, 200, "root at /api/notifications" },
	{ "GET", "/api/notifications/x", NULL, NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "/Word", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "/word/", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "//", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "//word", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "word", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "/word/more", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "/ID", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "/" ID "0", NULL, NULL, NULL, 404, "not_found" },
	{ "GET", "/n", "/" ID "/word", NULL, NULL, NULL, 404, "not_found" },
	{ "PATCH", "/n", "/" ID "/read/x", NULL, NULL, NULL, 404, "not_found" },
};

static const struct {
	const char *uri;
	struct exchange_case c;
} users[] = {
	{ "/n/users/a%2Fb%20c",
		{ "DELETE", "/n", "/users/a/b c", NULL, NULL, NULL, 200, "user at /n a/b c" } },
	{ "/n/users/a%09b",
		{ "DELETE", "/n", "/users/a\tb", NULL, NULL, NULL, 400, "\"userId\"" } },
	{ "/n/users/%FF", { "DELETE", "/n", "/users/\xff", NULL, NULL, NULL, 400, "\"userId\"" } },
	{ "/n/users/a", { "DELETE", "/n", "/users/a", "x=1", NULL, NULL, 400, "\"field\":\"x\"" } },
	{ "/n/users/", { "DELETE", "/n", "/users/", NULL, NULL, NULL, 404, "not_found" } },
	{ NULL, { "DELETE", "/n", "/users/a", NULL, NULL, NULL, 404, "not_found" } },
	{ "/n/users/a", { "GET", "/n", "/users/a", NULL, NULL, NULL, 405, "not_allowed" } },
	{ "/n/users/a", { "OPTIONS", "/n", "/users/a", NULL, NULL, NULL, 204, NULL } },
};

static const struct exchange_case methods[] = {
	{ "PUT", "/n", "/", NULL, NULL, NULL, 405, "method_not_allowed" },
	{ "get", "/n", "/", NULL, NULL, NULL, 405, "method_not_allowed" },
	{ "POST", "/n", "/word", NULL, NULL, NULL, 405, "method_not_allowed" },
	{ "HEAD", "/n", "/" ID "/read", NULL, NULL, NULL, 405, "method_not_allowed" },
	{ "", "/n", "/", NULL, NULL, NULL, 405, "method_not_allowed" },
	{ "OPTIONS", "/n", "/x", NULL, NULL, NULL, 404, "not_found" },
	{ "OPTIONS", "/n", "/", NULL, NULL, NULL, 204, NULL },
};

static const struct exchange_case queries[] = {
	{ "GET", "/n", "/", "limit=1&type=x", NULL, NULL, 200, "root at /n" },
	{ "GET", "/n", "/", "&", NULL, NULL, 200, "root at /n" },
	{ "GET", "/n", "/", "limits=1", NULL, NULL, 400, "\"field\":\"limits\"" },
	{ "GET", "/n", "/", "limi=1", NULL, NULL, 400, "\"field\":\"limi\"" },
	{ "GET", "/n", "/", "=1", NULL, NULL, 400, "\"field\":\"\"" },
	{ "GET", "/n", "/", "limit=1&limit=2", NULL, NULL, 400, "invalid_request" },
	{ "GET", "/n", "/", "limit=%FF", NULL, NULL, 400, "invalid_request" },
	{ "GET", "/n", "/word", "limit=1", NULL, NULL, 400, "\"field\":\"limit\"" },
};

static const struct exchange_case bodies[] = {
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, "{}", 200, "mark at /n" },
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, " \r\n\t{ } \n", 200, "mark at /n" },
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, "   ", 200, "mark at /n" },
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, "{", 400, "takes no body" },
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, "}{", 400, "takes no body" },
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, "{}{", 400, "takes no body" },
	{ "PATCH", "/n", "/" ID "/read", NULL, NULL, "{\"a\":1}", 400, "takes no body" },
	{ "POST", "/n", "/", NULL, "application/json", "{}", 200, "create at /n" },
	{ "POST", "/n", "/", NULL, "application/json; charset=utf-8", "", 200, "create at /n" },
	{ "POST", "/n", "/", NULL, NULL, "{}", 415, "unsupported_media_type" },
	{ "POST", "/n", "/large", NULL, "application/json", "{}", 200, "create at /n" },
	{ "POST", "/n", "/large", NULL, "text/plain", "{}", 415, "unsupported_media_type" },
	{ "POST", "/n", "/", NULL, "text/plain", "{}", 415, "unsupported_media_type" },
	{ "POST", "/n", "/", "a=1", "text/plain", "{}", 400, "\"field\":\"a\"" },
};

static void check_all(const struct exchange_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&cases[i], HTTP_BODY_WHOLE);
}

static void test_users(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(users); i++) {
		request_uri = users[i].uri;
		check(&users[i].c, HTTP_BODY_WHOLE);
	}
	request_uri = NULL;
}

static void test_allow(void)
{
	static const struct {
		const char *path, *allow;
	} cases[] = {
		{ "/", "Allow: GET, HEAD, POST, OPTIONS\r\n" },
		{ "/word", "Allow: GET, HEAD, OPTIONS\r\n" },
		{ "/" ID "/read", "Allow: PATCH, OPTIONS\r\n" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange_case c = { .method = "BREW",
			.script = "/n",
			.path = cases[i].path };
		struct answer refused = { 0 }, options = { 0 };

		run(&c, HTTP_BODY_WHOLE, &refused);
		ok_string_equal(buffer_string(&refused.headers), cases[i].allow, "405 of %s",
			cases[i].path);
		c.method = "OPTIONS";
		run(&c, HTTP_BODY_WHOLE, &options);
		ok_string_equal(buffer_string(&options.headers), cases[i].allow, "OPTIONS of %s",
			cases[i].path);
		answer_release(&refused);
		answer_release(&options);
	}
}

static void test_body_states(void)
{
	struct exchange_case c = { .method = "POST",
		.script = "/n",
		.path = "/",
		.type = "application/json",
		.status = 413,
		.text = "too_large" };

	check(&c, HTTP_BODY_TOO_LARGE);
	c.status = 400;
	c.text = "Content-Length";
	check(&c, HTTP_BODY_BROKEN);
	c.path = "/none";
	c.status = 404;
	c.text = "not_found";
	check(&c, HTTP_BODY_TOO_LARGE);
}

static void test_limits(void)
{
	static const struct {
		const char *method, *path;
		size_t limit;
	} cases[] = {
		{ "POST", "/", 1000 },
		{ "POST", "/large", 4194304 },
		{ "GET", "/large", 1000 },
		{ "POST", "/large/", 1000 },
		{ "POST", "/none", 1000 },
		{ "PATCH", "/" ID "/read", 1000 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange_case c = { .method = cases[i].method,
			.script = "/n",
			.path = cases[i].path };
		struct setting setting;

		prepare(&setting, &c);
		ok_int_equal(
			(intmax_t)route_body_limit(routes, &setting.application, &setting.request),
			(intmax_t)cases[i].limit, "the limit of %s %s", c.method, c.path);
	}
}

int main(void)
{
	check_all(paths, ARRAY_LENGTH(paths));
	test_users();
	check_all(methods, ARRAY_LENGTH(methods));
	check_all(queries, ARRAY_LENGTH(queries));
	check_all(bodies, ARRAY_LENGTH(bodies));
	test_allow();
	test_body_states();
	test_limits();
	return tap_done();
}
