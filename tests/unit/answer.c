/* Answers, byte by byte. */
#include "cgi/answer.h"

#include "tests/tap.h"

#include <errno.h>
#include <string.h>

static const char error_head[] = "Cache-Control: no-store\r\n"
				 "Vary: Authorization, Cookie, Origin\r\n"
				 "X-Content-Type-Options: nosniff\r\n";

static void check(struct answer *answer, bool head, const char *expected, const char *what)
{
	struct buffer text = { 0 };

	ok_int_equal(answer_format(&text, answer, head), 0, "%s is written", what);
	ok_string_equal(buffer_string(&text), expected, "%s", what);
	buffer_release(&text);
}

static void test_success(void)
{
	struct answer answer = { .status = 200, .cache_control = "private, no-cache" };

	buffer_append_string(&answer.body, "{\"a\":1}");
	answer_header(&answer, "ETag", "\"x\"");
	check(&answer, false,
		"Status: 200 OK\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 7\r\n"
		"Cache-Control: private, no-cache\r\n"
		"Vary: Authorization, Cookie, Origin\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"ETag: \"x\"\r\n"
		"\r\n"
		"{\"a\":1}",
		"an answer with a body");
	check(&answer, true,
		"Status: 200 OK\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 7\r\n"
		"Cache-Control: private, no-cache\r\n"
		"Vary: Authorization, Cookie, Origin\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"ETag: \"x\"\r\n"
		"\r\n",
		"the answer to HEAD: the length, but not the body");
	answer_release(&answer);
}

static void test_type(void)
{
	struct answer answer = { .status = 200, .type = "text/html; charset=utf-8" };
	struct buffer text = { 0 };

	buffer_append_string(&answer.body, "<p>");
	ok_int_equal(answer_format(&text, &answer, false), 0, "an answer that is no JSON");
	tap_ok(strstr(buffer_string(&text), "\r\nContent-Type: text/html; charset=utf-8\r\n"),
		"says so");
	buffer_clear(&text);
	answer_refuse(&answer, 503, "No.");
	ok_int_equal(answer_format(&text, &answer, false), 0, "which becomes an error");
	tap_ok(strstr(buffer_string(&text), "\r\nContent-Type: application/json\r\n"), "is JSON");
	buffer_release(&text);
	answer_release(&answer);
}

static void test_without_body(void)
{
	static const struct {
		unsigned status;
		const char *line;
	} cases[] = {
		{ 204, "Status: 204 No Content\r\n" },
		{ 304, "Status: 304 Not Modified\r\n" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct answer answer = { .status = cases[i].status };
		struct buffer expected = { 0 };

		buffer_append_string(&answer.body, "ignored");
		buffer_print(&expected, "%s%s\r\n", cases[i].line, error_head);
		check(&answer, false, buffer_string(&expected), "an answer that has no body");
		buffer_release(&expected);
		answer_release(&answer);
	}
}

static void check_body(const struct answer *answer, const char *expected, const char *what)
{
	ok_bytes_equal(answer->body.data, answer->body.len, expected, strlen(expected), "%s", what);
}

static void test_errors(void)
{
	static const struct {
		unsigned status;
		const char *code;
	} cases[] = {
		{ 400, "invalid_request" },
		{ 403, "forbidden" },
		{ 404, "not_found" },
		{ 405, "method_not_allowed" },
		{ 413, "too_large" },
		{ 415, "unsupported_media_type" },
		{ 503, "unavailable" },
		{ 507, "storage_full" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct answer answer = { .cache_control = "private, no-cache" };
		struct buffer expected = { 0 };

		buffer_append_string(&answer.body, "{\"half\":");
		answer_refuse(&answer, cases[i].status, "What \"is\" wrong.");
		buffer_print(&expected, "{\"error\":\"What \\\"is\\\" wrong.\",\"code\":\"%s\"}",
			cases[i].code);
		check_body(&answer, buffer_string(&expected), cases[i].code);
		ok_int_equal(answer.status, cases[i].status, "its status");
		tap_ok(answer.cache_control == NULL, "an error is not stored");
		tap_ok((answer.headers.len > 0) == (cases[i].status == 503),
			"Retry-After on 503 only");
		buffer_release(&expected);
		answer_release(&answer);
	}
}

static void test_details(void)
{
	struct answer answer = { 0 };
	struct problems problems = { 0 };

	problems_add(&problems, SLICE("title"), "must be there");
	problems_add(&problems, SLICE("a\"b"), "is not known");
	answer_problems(&answer, "No.", &problems);
	ok_int_equal(answer.status, 400, "problems are 400");
	check_body(&answer,
		"{\"error\":\"No.\",\"code\":\"invalid_request\",\"details\":["
		"{\"field\":\"title\",\"problem\":\"must be there\"},"
		"{\"field\":\"a\\\"b\",\"problem\":\"is not known\"}]}",
		"each problem is told");
	answer_refuse_as(&answer, 401, "token_expired", "Too late.");
	ok_int_equal(answer.status, 401, "the last refusal counts");
	check_body(&answer, "{\"error\":\"Too late.\",\"code\":\"token_expired\"}",
		"a code of one's own");
	answer_release(&answer);
}

static void test_headers(void)
{
	struct answer answer = { .status = 200 };

	answer_header(&answer, "Location", "/a\r\nSet-Cookie: x=y");
	answer_header(&answer, "Location", "/a\nb");
	answer_header(&answer, "Location", "/a\x7f");
	ok_int_equal(answer.headers.len, 0, "control characters never get into a header");
	answer_header(&answer, "Location", "/a b");
	ok_string_equal(buffer_string(&answer.headers), "Location: /a b\r\n", "others do");
	answer_release(&answer);
}

static void test_counts(void)
{
	struct counts counts = { .seq = UINT64_MAX, .total = 7, .unread = 5, .unseen = 0 };
	struct buffer text = { 0 };

	answer_counts(&text, &counts);
	ok_string_equal(buffer_string(&text),
		"\"unreadCount\":5,\"unseenCount\":0,\"seq\":18446744073709551615", "counts");
	buffer_release(&text);
}

static void test_failed_memory(void)
{
	struct answer answer = { .status = 200, .body = { .limit = 4 } };
	struct buffer text = { 0 };

	buffer_append_string(&answer.body, "12345");
	ok_int_equal(answer_format(&text, &answer, false), -ENOMEM, "half a body is not sent");
	ok_int_equal(text.len, 0, "nor any of it");
	answer_release(&answer);
	buffer_release(&text);
}

int main(void)
{
	test_success();
	test_type();
	test_without_body();
	test_errors();
	test_details();
	test_headers();
	test_counts();
	test_failed_memory();
	return tap_done();
}
