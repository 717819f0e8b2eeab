/* What is found to be wrong in figures, and what is not. */
#include "cgi/troubles.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <errno.h>
#include <string.h>

#define PUSH(members)  "{\"push\":{" members "},\"store\":{\"uptime\":1}}"
#define STORE(members) "{\"push\":{\"uptime\":1},\"store\":{" members "}}"

static struct history history;

static const struct trouble_case {
	const char *text;
	int push, store;      /* as in struct snapshot */
	const char *sentence; /* a part of the first trouble's; NULL = there is none */
	bool grave;
} cases[] = {
	{ PUSH("\"uptime\":1"), 0, 0, NULL, false },
	{ "{\"push\":{},\"store\":null}", 0, -ECONNREFUSED,
		"store does not answer: Connection refused", true },
	{ "{\"push\":{},\"store\":null}", 0, INBOX_FAILED, "store does not answer: it could not",
		true },
	{ "{\"push\":{},\"store\":null}", 0, INBOX_FORBIDDEN, "store does not permit", true },
	{ "{\"push\":null,\"store\":{}}", -ETIMEDOUT, 0, "push daemon does not answer", true },
	{ "{\"push\":null,\"store\":{}}", CONTROL_REFUSED, 0, "push daemon does not permit", true },
	{ "{\"push\":null,\"store\":{}}", -EDESTADDRREQ, 0, NULL, false },
	{ STORE("\"diskFull\":true,\"disk\":{\"freeBytes\":5000,\"reserveBytes\":9000}"), 0, 0,
		"Free are 5.0 kB, of which are reserved 9.0 kB", true },
	{ STORE("\"diskFull\":false,\"disk\":{\"freeBytes\":17999,\"reserveBytes\":9000}"), 0, 0,
		"nearly full: free are 18.0 kB", false },
	{ STORE("\"diskFull\":false,\"disk\":{\"freeBytes\":18000,\"reserveBytes\":9000}"), 0, 0,
		NULL, false },
	{ PUSH("\"connections\":{\"open\":900,\"max\":1000,\"descriptors\":0}"), 0, 0,
		"900 of at most 1,000 connections", true },
	{ PUSH("\"connections\":{\"open\":899,\"max\":1000,\"descriptors\":0}"), 0, 0, NULL,
		false },
	{ PUSH("\"connections\":{\"open\":90,\"max\":1000,\"descriptors\":100}"), 0, 0,
		"90 of at most 100 connections", true },
	{ PUSH("\"feed\":{\"lagMilliseconds\":1500}"), 0, 0, "behind the log of the store by 1.5 s",
		false },
	{ PUSH("\"feed\":{\"lagMilliseconds\":999}"), 0, 0, NULL, false },
	{ "{\"push\":{\"version\":\"0\"},\"store\":{\"version\":\"" PACKAGE_VERSION "\"}}", 0, 0,
		"tidings-pushd is 0 and", false },
	{ "{\"push\":{\"version\":\"" PACKAGE_VERSION
	  "\"},\"store\":{\"version\":\"" PACKAGE_VERSION "\"}}",
		0, 0, NULL, false },
	{ "{\"push\":{\"epoch\":\"a\"},\"store\":{\"epoch\":\"b\"}}", 0, 0,
		"does not know the life", false },
	{ "{\"push\":{\"epoch\":\"\"},\"store\":{\"epoch\":\"b\"}}", 0, 0, NULL, false },
};

static void check(const struct trouble_case *c)
{
	struct trouble troubles[TROUBLES_MAX];
	struct snapshot snapshot = { .push = c->push, .store = c->store };
	size_t count;

	if (json_parse(slice_of(c->text), &snapshot.json) != 0)
		tap_ok(false, "%s is JSON", c->text);
	count = troubles_find(&snapshot, NULL, troubles);
	ok_int_equal((intmax_t)count, c->sentence != NULL, "%s: troubles", c->text);
	if (c->sentence && count == 1) {
		tap_ok(strstr(troubles[0].sentence, c->sentence), "%s", troubles[0].sentence);
		ok_int_equal(troubles[0].grave, c->grave, "how grave it is");
		tap_ok(*troubles[0].advice, "what to do");
	}
	json_object_put(snapshot.json);
}

/* Notes figures at so many seconds; what is wrong then goes to troubles. */
static size_t follow(int64_t seconds, const char *text,
	struct trouble troubles[static TROUBLES_MAX])
{
	struct snapshot snapshot = { .time = 1700000000000 + seconds * 1000 };
	size_t count;

	if (json_parse(slice_of(text), &snapshot.json) != 0)
		tap_ok(false, "%s is JSON", text);
	history_note(&history, &snapshot, 5000000 + seconds * 1000, true);
	count = troubles_find(&snapshot, &history, troubles);
	json_object_put(snapshot.json);
	return count;
}

/* What happened stays a trouble for five minutes; the grave ones stand first. */
static void test_lately(void)
{
	static const char before[] = "{\"push\":{\"uptime\":1,\"stalls\":0},\"store\":{\"uptime\":"
				     "1,\"requests\":{\"failed\":0}}}";
	static const char after[] = "{\"push\":{\"uptime\":2,\"stalls\":2},\"store\":{\"uptime\":2,"
				    "\"requests\":{\"failed\":3}}}";
	struct trouble troubles[TROUBLES_MAX];

	ok_int_equal((intmax_t)follow(0, before, troubles), 0, "nothing has happened");
	ok_int_equal((intmax_t)follow(10, after, troubles), 2, "two things have");
	tap_ok(strstr(troubles[0].sentence, "3 requests to the store failed"), "%s",
		troubles[0].sentence);
	tap_ok(strstr(troubles[1].sentence, "2 clients were closed"), "%s", troubles[1].sentence);
	ok_int_equal((intmax_t)follow(309, after, troubles), 2, "for five minutes");
	ok_int_equal((intmax_t)follow(310, after, troubles), 0, "and no longer");
	history_release(&history);
}

#define LATENCY(second, all)                                                           \
	"{\"push\":{\"latency\":{\"buckets\":{\"1000000\":" second ",\"2000000\":" all \
	"},\"count\":" all ",\"sum\":0}},\"store\":{}}"

static void test_latency(void)
{
	struct trouble troubles[TROUBLES_MAX];

	ok_int_equal((intmax_t)follow(0, LATENCY("0", "9"), troubles), 0,
		"what was before anybody looked is long ago");
	ok_int_equal((intmax_t)follow(10, LATENCY("99", "109"), troubles), 0,
		"one in a hundred is slow");
	ok_int_equal((intmax_t)follow(20, LATENCY("99", "110"), troubles), 1, "two are");
	tap_ok(strstr(troubles[0].sentence, "longer than a second"), "%s", troubles[0].sentence);
	history_release(&history);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check(&cases[i]);
	test_lately();
	test_latency();
	return tap_done();
}
