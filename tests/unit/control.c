/* Requests of those who look after the push daemon: every command, and what is none. */
#include "lib/json.h"
#include "lib/log.h"
#include "pushd/control.h"
#include "tests/tap.h"
#include "tests/unit/hub_talk.h"

/* The answer to a line; the caller frees it. It must be one line of JSON. */
static struct json_object *ask_as(enum peer_right right, const char *line)
{
	_cleanup_(buffer_release) struct buffer answer = { 0 };
	struct json_object *object = NULL;
	char *copy = strdup(line); /* so that reading beyond it is found out */

	if (!copy)
		abort();
	control_answer(&talk_fixture.hub, right, (struct slice){ copy, strlen(line) }, &answer);
	hub_bury(&talk_fixture.hub);
	free(copy);
	if (answer.len == 0 ||
		memchr(answer.data, '\n', answer.len) != answer.data + answer.len - 1 ||
		json_parse((struct slice){ answer.data, answer.len - 1 }, &object) != 0)
		tap_ok(false, "the answer to %s is no line of JSON", line);
	return object;
}

/* A member of the answer as text, which lives until the next call; "" where there is none. */
static const char *member_as(enum peer_right right, const char *line, const char *name)
{
	_cleanup_(freeing_json) struct json_object *object = ask_as(right, line);
	static char text[1024];
	struct json_object *member;

	*text = '\0';
	if (json_object_object_get_ex(object, name, &member))
		snprintf(text, sizeof(text), "%s", json_object_get_string(member));
	return text;
}

static void ok_says(const char *line, const char *name, const char *value)
{
	ok_string_equal(member_as(PEER_ALL, line, name), value, "%s: %s", line, name);
}

static void ok_fails(const char *line, const char *code)
{
	tap_ok(*member_as(PEER_ALL, line, "error") != '\0', "%s: a sentence", line);
	ok_string_equal(member_as(PEER_ALL, line, "code"), code, "%s: its code", line);
}

/* ---- the commands ---- */

static void test_plain(void)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;

	talk_begin();
	ok_says("{\"command\":\"ping\"}", "version", PACKAGE_VERSION);
	ok_says(" {\t\"command\" : \"ping\" } \r", "version", PACKAGE_VERSION);
	object = ask_as(PEER_ALL, "{\"command\":\"statistics\"}");
	tap_ok(json_object_object_get_ex(object, "connections", NULL) &&
			json_object_object_get_ex(object, "latency", NULL),
		"statistics are told");
	talk_end();
}

static void test_log_level(void)
{
	log_set_level(LOG_LEVEL_WARNING);
	ok_says("{\"command\":\"log-level\"}", "level", "warning");
	ok_says("{\"command\":\"log-level\",\"level\":\"error\"}", "level", "error");
	ok_int_equal(log_get_level(), LOG_LEVEL_ERROR, "it is set");
	ok_fails("{\"command\":\"log-level\",\"level\":\"loud\"}", "invalid_request");
	ok_fails("{\"command\":\"log-level\",\"level\":\"debug\\u0000\"}", "invalid_request");
	ok_fails("{\"command\":\"log-level\",\"level\":\"\"}", "invalid_request");
	ok_fails("{\"command\":\"log-level\",\"level\":7}", "invalid_request");
	ok_int_equal(log_get_level(), LOG_LEVEL_ERROR, "what is wrong changes nothing");
}

/* The users of a page, in their order, with what is next behind them: "a a b 7". */
static const char *page(const char *line)
{
	_cleanup_(freeing_json) struct json_object *object = ask_as(PEER_ALL, line);
	static char text[4096];
	struct json_object *list, *next, *user;
	size_t len = 0;

	*text = '\0';
	if (!json_object_object_get_ex(object, "connections", &list))
		return "none";
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object_object_get_ex(json_object_array_get_idx(list, i), "user", &user);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
			json_object_get_string(user));
	}
	if (json_object_object_get_ex(object, "next", &next))
		snprintf(text + len, sizeof(text) - len, "…");
	return text;
}

static int64_t number_of(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;

	json_object_object_get_ex(object, name, &member);
	return json_object_is_type(member, json_type_int) ? json_object_get_int64(member) : -1;
}

/* Page after page, each of `limit`. Returns how many there were, and the connections in them. */
static unsigned turn_pages(unsigned limit, unsigned *ret_connections)
{
	unsigned pages = 0, connections = 0;
	int64_t next = -1;

	do {
		_cleanup_(freeing_json) struct json_object *object = NULL;
		struct json_object *list = NULL;
		char line[128];

		snprintf(line, sizeof(line), "{\"command\":\"connections\",\"limit\":%u", limit);
		if (next >= 0)
			snprintf(line + strlen(line), sizeof(line) - strlen(line), ",\"after\":%d",
				(int)next);
		strcat(line, "}");
		object = ask_as(PEER_ALL, line);
		json_object_object_get_ex(object, "connections", &list);
		connections += (unsigned)json_object_array_length(list);
		next = number_of(object, "next");
		pages++;
	} while (next >= 0 && pages < 100);
	*ret_connections = connections;
	return pages;
}

static void test_connections(void)
{
	unsigned connections;

	talk_begin();
	ok_string_equal(page("{\"command\":\"connections\"}"), "", "nobody");
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 1, "connected; count 0 0 0");
	talk_join(2, 0, "connected; count 0 0 0");
	close(fixture_connect(&talk_fixture)); /* one that is not authenticated */
	ok_string_equal(page("{\"command\":\"connections\"}"), "a b a ", "in order of descriptors");
	ok_string_equal(page("{\"command\":\"connections\",\"limit\":2}"), "a b …", "a page");
	ok_string_equal(page("{\"command\":\"connections\",\"user\":\"a\"}"), "a a ",
		"of one user");
	ok_string_equal(page("{\"command\":\"connections\",\"user\":\"a\",\"limit\":1}"), "a …",
		"the first of one user");
	ok_string_equal(page("{\"command\":\"connections\",\"user\":\"c\"}"), "",
		"of one who is away");
	ok_string_equal(page("{\"command\":\"connections\",\"after\":2147483647}"), "",
		"after all");
	for (unsigned limit = 1; limit <= 4; limit++) {
		ok_int_equal(turn_pages(limit, &connections), (4 + limit - 1) / limit,
			"pages of %u, one of the four is not told", limit);
		ok_int_equal(connections, 3, "have each once");
	}
	fixture_run(&talk_fixture);
	talk_end();
}

static void test_connection(void)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct json_object *list, *one;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_fixture.hub.now += 7;
	object = ask_as(PEER_ALL, "{\"command\":\"connections\"}");
	json_object_object_get_ex(object, "connections", &list);
	one = json_object_array_get_idx(list, 0);
	ok_string_equal(json_object_get_string(json_object_object_get(one, "address")), "unix",
		"from where it comes");
	ok_int_equal(number_of(one, "age"), 7, "seconds since it came");
	ok_int_equal(number_of(one, "queue"), 0, "bytes that wait");
	ok_string_equal(json_object_get_string(json_object_object_get(one, "kind")), "websocket",
		"its kind");
	tap_ok(number_of(one, "id") >= 0, "its number");
	talk_end();
}

/* Of two clients the one that does not read is slow; who may only observe is told of no other. */
static void test_slow(void)
{
	static const char line[] = "{\"command\":\"connections\",\"slow\":true}";
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct json_object *list, *one;

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 1, "connected; count 0 0 0");
	ok_string_equal(member_as(PEER_OBSERVE, line, "connections"), "[ ]", "all keep up");
	talk_clients[0].paused = true;
	for (int i = 0; i < 60; i++)
		fixture_change(&talk_fixture, 0, CHANGE_CREATED, false);
	object = ask_as(PEER_OBSERVE, line);
	list = json_object_object_get(object, "connections");
	ok_int_equal((intmax_t)json_object_array_length(list), 1, "one does not");
	one = json_object_array_get_idx(list, 0);
	ok_string_equal(json_object_get_string(json_object_object_get(one, "user")), "a",
		"its user");
	tap_ok(number_of(one, "queue") > 0, "something waits for it");
	ok_fails("{\"command\":\"connections\",\"slow\":false}", "invalid_request");
	ok_fails("{\"command\":\"connections\",\"slow\":1}", "invalid_request");
	talk_clients[0].paused = false;
	talk_answer();
	talk_forget_heard(0);
	talk_answer();
	ok_string_equal(member_as(PEER_OBSERVE, line, "connections"), "[ ]",
		"once it reads none is");
	talk_end();
}

static void test_stream(void)
{
	_cleanup_(buffer_release) struct buffer head = { 0 };
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct json_object *list, *one;
	int fd;

	talk_begin();
	fd = fixture_connect(&talk_fixture);
	fixture_append_stream_head(&head, &talk_fixture, 0, (struct slice){ 0 });
	tap_ok(write(fd, head.data, head.len) == (ssize_t)head.len, "a stream is asked for");
	fixture_run(&talk_fixture);
	object = ask_as(PEER_ALL, "{\"command\":\"connections\"}");
	json_object_object_get_ex(object, "connections", &list);
	one = json_object_array_get_idx(list, 0);
	ok_string_equal(json_object_get_string(json_object_object_get(one, "kind")), "events",
		"a stream of events");
	ok_says("{\"command\":\"disconnect\",\"user\":\"a\"}", "count", "1");
	close(fd);
	fixture_run(&talk_fixture);
	talk_end();
}

static void test_disconnect(void)
{
	talk_begin();
	ok_says("{\"command\":\"disconnect\",\"user\":\"a\"}", "count", "0");
	ok_says("{\"command\":\"disconnect\",\"all\":true}", "count", "0");
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 0, "connected; count 0 0 0");
	talk_join(2, 1, "connected; count 0 0 0");
	talk_connect(3, 0, ""); /* in the middle of joining */
	ok_says("{\"command\":\"disconnect\",\"user\":\"a\"}", "count", "3");
	talk_ok_heard(0, "close 4403 disconnected");
	talk_ok_heard(1, "close 4403 disconnected");
	talk_ok_heard(2, "");
	talk_ok_heard(3, "close 4403 disconnected");
	talk_answer();
	talk_join(4, 1, "connected; count 0 0 0");
	ok_says("{\"command\":\"disconnect\",\"all\":true}", "count", "2");
	talk_ok_heard(2, "close 4403 disconnected");
	talk_ok_heard(4, "close 4403 disconnected");
	ok_int_equal(talk_fixture.hub.live, 0, "nobody is left");
	talk_end();
}

static void test_user(void)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct json_object *refusal;

	talk_begin();
	ok_says("{\"command\":\"user\",\"user\":\"a\"}", "connections", "0");
	ok_says("{\"command\":\"user\",\"user\":\"a\"}", "seq", "");
	ok_says("{\"command\":\"user\",\"user\":\"a\"}", "lastRefusal", "");
	talk_join(0, 0, "connected; count 0 0 0");
	talk_join(1, 0, "connected; count 0 0 0");
	ok_says("{\"command\":\"user\",\"user\":\"a\"}", "connections", "2");
	ok_says("{\"command\":\"user\",\"user\":\"a\"}", "seq", "0");
	ok_says("{\"command\":\"user\",\"user\":\"a\"}", "asking", "false");
	hub_refuse_token(&talk_fixture.hub,
		registry_find(&talk_fixture.hub.registry, SLICE("a"))->sessions, TOKEN_EXPIRED);
	talk_fixture.hub.now += 7;
	object = ask_as(PEER_ALL, "{\"command\":\"user\",\"user\":\"a\"}");
	refusal = json_object_object_get(object, "lastRefusal");
	ok_string_equal(json_object_get_string(json_object_object_get(refusal, "code")),
		"token_expired", "why one was turned away");
	ok_int_equal(number_of(refusal, "secondsAgo"), 7, "when");
	ok_int_equal(number_of(object, "connections"), 1, "the other one stays");
	ok_says("{\"command\":\"user\",\"user\":\"b\"}", "lastRefusal", "");
	ok_fails("{\"command\":\"user\"}", "invalid_request");
	ok_fails("{\"command\":\"user\",\"user\":\"\"}", "invalid_request");
	ok_fails("{\"command\":\"user\",\"user\":1}", "invalid_request");
	ok_fails("{\"command\":\"user\",\"user\":\"a\",\"limit\":1}", "invalid_request");
	ok_string_equal(member_as(PEER_SERVE, "{\"command\":\"user\",\"user\":\"a\"}", "code"),
		"forbidden", "not for everybody");
	close(talk_clients[0].fd);
	talk_end();
}

static void test_presence(void)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;

	talk_begin();
	ok_says("{\"command\":\"presence\",\"user\":\"a\"}", "connections", "0");
	talk_join(0, 0, "connected; count 0 0 0");
	talk_fixture.hub.now += 7;
	ok_says("{\"command\":\"presence\",\"user\":\"a\"}", "connections", "1");
	ok_says("{\"command\":\"presence\",\"user\":\"b\"}", "connections", "0");
	object = ask_as(PEER_LOOK, "{\"command\":\"presence\",\"user\":\"a\"}");
	ok_int_equal(number_of(object, "uptime"),
		talk_fixture.hub.now - talk_fixture.hub.statistics.begun, "since when it can be told");
	ok_fails("{\"command\":\"presence\"}", "invalid_request");
	ok_fails("{\"command\":\"presence\",\"user\":\"\"}", "invalid_request");
	talk_end();
}

/* ---- what is none ---- */

static void test_wrong(void)
{
	static const char *const malformed[] = {
		"",
		" ",
		"\r",
		"x",
		"{",
		"}",
		"[]",
		"null",
		"1",
		"\"ping\"",
		"{\"command\":\"ping\"",
		"{\"command\":\"ping\"}x",
		"{\"command\":\"ping\"}{\"command\":\"ping\"}",
		"{\"command\":\"ping\"} {\"command\":\"ping\"}",
		"{'command':'ping'}",
		"{\"command\":\"ping\",}",
		"{\"command\":\"ping\",\"command\":\"ping\"}",
		"{\"command\":\"p\xff\"}",
		"[{\"command\":\"ping\"}]",
		"{\"command\":\"ping\",\"user\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}",
	};
	static const char *const unknown[] = { "{}", "{\"command\":null}", "{\"command\":1}",
		"{\"command\":\"\"}", "{\"command\":\"Ping\"}", "{\"command\":\"ping \"}",
		"{\"command\":\"ping\\u0000\"}", "{\"command\":[\"ping\"]}",
		"{\"Command\":\"ping\"}", "{\"command\":\"shutdown\"}" };
	static const char *const members[] = {
		"{\"command\":\"ping\",\"x\":1}",
		"{\"command\":\"statistics\",\"user\":\"a\"}",
		"{\"command\":\"connections\",\"limit\":0}",
		"{\"command\":\"connections\",\"limit\":1001}",
		"{\"command\":\"connections\",\"limit\":-1}",
		"{\"command\":\"connections\",\"limit\":1.5}",
		"{\"command\":\"connections\",\"limit\":\"1\"}",
		"{\"command\":\"connections\",\"limit\":null}",
		"{\"command\":\"connections\",\"limit\":99999999999999999999}",
		"{\"command\":\"connections\",\"after\":-1}",
		"{\"command\":\"connections\",\"after\":2147483648}",
		"{\"command\":\"connections\",\"after\":true}",
		"{\"command\":\"connections\",\"user\":\"\"}",
		"{\"command\":\"connections\",\"user\":1}",
		"{\"command\":\"connections\",\"user\":\"a\\nb\"}",
		"{\"command\":\"connections\",\"all\":true}",
		"{\"command\":\"disconnect\"}",
		"{\"command\":\"disconnect\",\"user\":\"\"}",
		"{\"command\":\"disconnect\",\"user\":null}",
		"{\"command\":\"disconnect\",\"user\":[\"a\"]}",
		"{\"command\":\"disconnect\",\"all\":false}",
		"{\"command\":\"disconnect\",\"all\":\"true\"}",
		"{\"command\":\"disconnect\",\"all\":1}",
		"{\"command\":\"disconnect\",\"all\":null}",
		"{\"command\":\"disconnect\",\"user\":\"a\",\"all\":true}",
		"{\"command\":\"disconnect\",\"user\":\"a\",\"all\":false}",
		"{\"command\":\"disconnect\",\"user\":\"a\",\"revoke\":true}",
	};

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++)
		ok_fails(malformed[i], "invalid_request");
	for (size_t i = 0; i < ARRAY_LENGTH(unknown); i++)
		ok_fails(unknown[i], "unknown_command");
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		ok_fails(members[i], "invalid_request");
	talk_ok_heard(0, "");
	ok_int_equal(talk_fixture.hub.live, 1, "and nobody was ended");
	talk_end();
}

/* A name of 255 bytes is one, of 256 none. */
static void test_longest_user(void)
{
	char name[257] = "", line[512];

	talk_begin();
	memset(name, 'u', 255);
	snprintf(line, sizeof(line), "{\"command\":\"disconnect\",\"user\":\"%s\"}", name);
	ok_says(line, "count", "0");
	name[255] = 'u';
	snprintf(line, sizeof(line), "{\"command\":\"disconnect\",\"user\":\"%s\"}", name);
	ok_fails(line, "invalid_request");
	talk_end();
}

static void test_rights(void)
{
	static const struct {
		const char *line;
		enum peer_right needed;
	} cases[] = {
		{ "{\"command\":\"presence\",\"user\":\"a\"}", PEER_LOOK },
		{ "{\"command\":\"ping\"}", PEER_OBSERVE },
		{ "{\"command\":\"statistics\"}", PEER_OBSERVE },
		{ "{\"command\":\"connections\",\"slow\":true}", PEER_OBSERVE },
		{ "{\"command\":\"disconnect\",\"user\":\"a\"}", PEER_SERVE },
		{ "{\"command\":\"disconnect\",\"all\":true}", PEER_ALL },
		{ "{\"command\":\"connections\"}", PEER_ALL },
		{ "{\"command\":\"connections\",\"user\":\"a\"}", PEER_ALL },
		{ "{\"command\":\"log-level\"}", PEER_ALL },
		{ "{\"command\":\"log-level\",\"level\":\"debug\"}", PEER_ALL },
	};
	static const enum peer_right rights[] = { PEER_NOTHING, PEER_PUBLISH, PEER_LOOK,
		PEER_OBSERVE, PEER_SERVE };
	enum log_level before = log_get_level();

	talk_begin();
	talk_join(0, 0, "connected; count 0 0 0");
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(rights); j++)
			if (!peer_may(rights[j], cases[i].needed))
				ok_string_equal(member_as(rights[j], cases[i].line, "code"),
					"forbidden", "%s with the right %d", cases[i].line,
					rights[j]);
	talk_ok_heard(0, "");
	ok_int_equal(log_get_level(), before, "nothing has changed");
	ok_string_equal(member_as(PEER_PUBLISH, "x", "code"), "forbidden",
		"whoever has no right is not even read");
	ok_string_equal(member_as(PEER_PUBLISH, cases[0].line, "code"), "forbidden",
		"publishers learn of nobody's presence");
	ok_string_equal(member_as(PEER_LOOK, cases[0].line, "connections"), "1",
		"the user of [away] does");
	ok_string_equal(member_as(PEER_SERVE, "x", "code"), "invalid_request", "others are");
	ok_string_equal(
		member_as(PEER_SERVE, "{\"command\":\"disconnect\",\"user\":\"a\"}", "count"), "1",
		"one user, by api-users");
	talk_ok_heard(0, "close 4403 disconnected");
	talk_end();
}

int main(void)
{
	test_plain();
	test_log_level();
	test_connections();
	test_connection();
	test_slow();
	test_stream();
	test_disconnect();
	test_user();
	test_wrong();
	test_longest_user();
	test_presence();
	test_rights();
	return tap_done();
}
