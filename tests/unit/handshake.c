/*
 * The request head: what a good one is read as, cut at every byte; every way to
 * be wrong; the rules of the upgrade; values inside; the answers.
 */
#include "pushd/handshake.h"
#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>

#define LINE  "GET /ws HTTP/1.1\r\n"
#define HOST  "Host: example.org\r\n"
#define KEY   "dGhlIHNhbXBsZSBub25jZQ=="
#define START LINE HOST
#define END   "\r\n"
#define UPGRADE                                                                                    \
	"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: " KEY "\r\n"

static int parse(struct slice bytes, struct handshake_request *request)
{
	size_t len = 0;

	*request = (struct handshake_request){ 0 };
	return handshake_parse(bytes, 0, request, &len);
}

static bool absent(struct slice slice)
{
	return !slice.data;
}

static const char FULL[] =
	"GET /api/notifications/ws?since=41&epoch=e1 HTTP/1.1\r\n"
	"Host: example.org:8080\r\n"
	"ORIGIN: https://example.org:8080\r\n"
	"sec-fetch-site:same-origin\r\n"
	"Authorization: bEARER   abc.def.ghi \t\r\n"
	"Cookie: a=b; token=xyz\r\n"
	"X-Forwarded-For: 10.0.0.1\r\n"
	"X-Forwarded-For: 10.0.0.2, 10.0.0.3\r\n"
	"Last-Event-ID: e1:41\r\n"
	"Accept: text/event-stream\r\n"
	"User-Agent:\r\n"
	"X-Odd-\x21#$%&'*+.^_`|~09: caf\xc3\xa9\r\n"
	"Upgrade: h2c, WebSocket\r\n"
	"Connection: keep-alive\r\n"
	"Connection: foo ,\tUPGRADE\r\n"
	"Sec-WebSocket-Key: " KEY "\r\n"
	"Sec-WebSocket-Version: 13\r\n"
	"Sec-WebSocket-Protocol: chat,, tidings.v1\r\n"
	"Sec-WebSocket-Protocol: bearer.abc-_.d.e\r\n"
	"Sec-WebSocket-Extensions: permessage-deflate\r\n"
	"\r\n";

static const struct {
	size_t offset;
	const char *name;
	const char *value;
} members[] = {
#define MEMBER(name, value) { offsetof(struct handshake_request, name), #name, value }
	MEMBER(method, "GET"),
	MEMBER(path, "/api/notifications/ws"),
	MEMBER(query, "since=41&epoch=e1"),
	MEMBER(host, "example.org:8080"),
	MEMBER(origin, "https://example.org:8080"),
	MEMBER(sec_fetch_site, "same-origin"),
	MEMBER(authorization, "bEARER   abc.def.ghi"),
	MEMBER(bearer, "abc.def.ghi"),
	MEMBER(cookie, "a=b; token=xyz"),
	MEMBER(forwarded_for, "10.0.0.2, 10.0.0.3"),
	MEMBER(last_event_id, "e1:41"),
	MEMBER(accept, "text/event-stream"),
	MEMBER(websocket_key, KEY),
	MEMBER(websocket_version, "13"),
	MEMBER(protocol_token, "abc-_.d.e"),
#undef MEMBER
};

static struct slice member(const struct handshake_request *request, size_t i)
{
	return *(const struct slice *)((const char *)request + members[i].offset);
}

static void test_full(void)
{
	struct handshake_request request;
	struct slice bytes = SLICE(FULL);
	size_t len;

	ok_int_equal(handshake_parse(bytes, 0, &request, &len), 0, "a full request is read");
	ok_int_equal(len, bytes.len, "to its end");
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		struct slice value = member(&request, i);

		ok_bytes_equal(value.data, value.len, members[i].value, strlen(members[i].value),
			"%s", members[i].name);
	}
	tap_ok(!request.http_1_0, "HTTP/1.1");
	tap_ok(request.upgrade_websocket && request.connection_upgrade, "an upgrade is asked for");
	tap_ok(request.protocol_offered, "the subprotocol is offered");
	ok_int_equal(handshake_check_upgrade(&request), 0, "and the upgrade is without fault");
}

static void test_least(void)
{
	struct handshake_request request;

	ok_int_equal(parse(SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &request), 0,
		"the least request is read");
	tap_ok(slice_is(request.path, "/") && absent(request.query), "without a query");
	for (size_t i = 4; i < ARRAY_LENGTH(members); i++)
		tap_ok(absent(member(&request, i)), "%s is absent", members[i].name);
	tap_ok(!request.upgrade_websocket && !request.connection_upgrade &&
			!request.protocol_offered,
		"and no list names anything");
	ok_int_equal(parse(SLICE("GET /? HTTP/1.1\r\nHost: a\r\nOrigin:\r\n\r\n"), &request), 0,
		"empty values are read");
	tap_ok(!absent(request.query) && request.query.len == 0, "an empty query is not absent");
	tap_ok(!absent(request.origin) && request.origin.len == 0, "an empty header is not absent");
}

/* Every beginning is incomplete, wherever the search goes on; then it is done. */
static void test_cuts(void)
{
	_cleanup_(buffer_release) struct buffer behind = { 0 };
	struct slice bytes = SLICE(FULL);
	struct handshake_request request;
	unsigned wrong = 0;
	size_t len = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		_cleanup_(freeing_memory) char *copy = malloc(i + 1);

		memcpy(copy, bytes.data, i);
		wrong += handshake_parse((struct slice){ copy, i }, 0, &request, &len) !=
			HANDSHAKE_INCOMPLETE;
		wrong += handshake_parse((struct slice){ copy, i }, i ? i - 1 : 0, &request, &len) !=
			HANDSHAKE_INCOMPLETE;
		wrong += handshake_parse(bytes, i, &request, &len) != 0 || len != bytes.len;
	}
	ok_int_equal(wrong, 0, "cut at each byte it is incomplete, and done with the last");
	buffer_append_slice(&behind, bytes);
	buffer_append(&behind, "\x81\x80\0\0\0\0GET / HTTP/1.1\r\n\r\n", 24);
	ok_int_equal(handshake_parse(buffer_slice(&behind), 0, &request, &len), 0,
		"what is behind the head");
	ok_int_equal(len, bytes.len, "is left alone");
}

static const struct {
	const char *what;
	struct slice bytes;
	int result;
} heads[] = {
	/* Bytes */
	{ "NUL in a header", SLICE(START "A: b\0c" END END), HANDSHAKE_STRAY_BYTE },
	{ "NUL at the beginning", SLICE("\0"), HANDSHAKE_STRAY_BYTE },
	{ "a TLS greeting", SLICE("\x16\x03\x01\x02\x00\x01"), HANDSHAKE_STRAY_BYTE },
	{ "LF without CR", SLICE(LINE "Host: a\n"), HANDSHAKE_STRAY_BYTE },
	{ "LF at the beginning", SLICE("\n"), HANDSHAKE_STRAY_BYTE },
	{ "LF LF for the end", SLICE(START "\n"), HANDSHAKE_STRAY_BYTE },
	{ "CR without LF", SLICE(START "A: b\rc"), HANDSHAKE_STRAY_BYTE },
	{ "CR CR LF", SLICE(START "A: b\r\r"), HANDSHAKE_STRAY_BYTE },
	{ "CR in the request line", SLICE("GET /\rx"), HANDSHAKE_STRAY_BYTE },

	/* Request line */
	{ "an empty line first", SLICE(END START END), HANDSHAKE_BAD_LINE },
	{ "an empty head", SLICE(END END), HANDSHAKE_BAD_LINE },
	{ "no version", SLICE("GET /" END HOST END), HANDSHAKE_BAD_LINE },
	{ "no target", SLICE("GET  HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "only a method", SLICE("GET" END HOST END), HANDSHAKE_BAD_LINE },
	{ "two spaces", SLICE("GET  / HTTP/1.1" END HOST END), HANDSHAKE_BAD_LINE },
	{ "a tab for a space", SLICE("GET\t/ HTTP/1.1" END HOST END), HANDSHAKE_BAD_LINE },
	{ "a space first", SLICE(" GET / HTTP/1.1" END HOST END), HANDSHAKE_BAD_LINE },
	{ "a space last", SLICE("GET / HTTP/1.1 " END HOST END), HANDSHAKE_BAD_LINE },
	{ "a method that is no token", SLICE("G(T / HTTP/1.1" END HOST END), HANDSHAKE_BAD_LINE },
	{ "a version in lower case", SLICE("GET / http/1.1" END HOST END), HANDSHAKE_BAD_LINE },
	{ "a version cut short", SLICE("GET / HTTP/1." END HOST END), HANDSHAKE_BAD_LINE },
	{ "a version without a dot", SLICE("GET / HTTP/101" END HOST END), HANDSHAKE_BAD_LINE },
	{ "a version of letters", SLICE("GET / HTTP/x.1" END HOST END), HANDSHAKE_BAD_LINE },
	{ "HTTP/2.0", SLICE("GET / HTTP/2.0" END HOST END), HANDSHAKE_HTTP_VERSION },
	{ "HTTP/1.2", SLICE("GET / HTTP/1.2" END HOST END), HANDSHAKE_HTTP_VERSION },
	{ "HTTP/0.9", SLICE("GET / HTTP/0.9" END HOST END), HANDSHAKE_HTTP_VERSION },
	{ "HTTP/2 preface", SLICE("PRI * HTTP/2.0" END END), HANDSHAKE_HTTP_VERSION },
	{ "HTTP/1.0", SLICE("GET / HTTP/1.0" END HOST END), 0 },
	{ "another method", SLICE("OPTIONS / HTTP/1.1" END HOST END), 0 },
	{ "a whole URL", SLICE("GET http://a/ HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "an asterisk", SLICE("OPTIONS * HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "only a query", SLICE("GET ?a HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "a fragment", SLICE("GET /a#b HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "a quote", SLICE("GET /\" HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "a bracket", SLICE("GET /<a> HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "a raw byte", SLICE("GET /\xc3\xa9 HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "a tab in the target", SLICE("GET /\t HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "a DEL in the target", SLICE("GET /\x7f HTTP/1.1" END HOST END), HANDSHAKE_BAD_TARGET },
	{ "odd but real", SLICE("GET /a|b[c]%7e?{d}^e HTTP/1.1" END HOST END), 0 },

	/* Header lines */
	{ "a folded line", SLICE(START "A: b" END " c" END END), HANDSHAKE_BAD_HEADER },
	{ "a folded line with a tab", SLICE(START "A: b" END "\tc: d" END END),
		HANDSHAKE_BAD_HEADER },
	{ "a first line that is folded", SLICE(LINE " A: b" END HOST END), HANDSHAKE_BAD_HEADER },
	{ "a space before the colon", SLICE(LINE "Host : a" END END), HANDSHAKE_BAD_HEADER },
	{ "a tab before the colon", SLICE(START "A\t: b" END END), HANDSHAKE_BAD_HEADER },
	{ "no colon", SLICE(START "A" END END), HANDSHAKE_BAD_HEADER },
	{ "no name", SLICE(START ": b" END END), HANDSHAKE_BAD_HEADER },
	{ "a name in quotes", SLICE(START "\"A\": b" END END), HANDSHAKE_BAD_HEADER },
	{ "a name with a raw byte", SLICE(START "\xc3\xa4: b" END END), HANDSHAKE_BAD_HEADER },
	{ "a control character", SLICE(START "A: \x01" END END), HANDSHAKE_BAD_HEADER },
	{ "an escape", SLICE(START "A: \x1b[2J" END END), HANDSHAKE_BAD_HEADER },
	{ "a DEL", SLICE(START "A: \x7f" END END), HANDSHAKE_BAD_HEADER },
	{ "a tab inside a value", SLICE(START "A: b\tc" END END), 0 },
	{ "a value with colons", SLICE(START "A: b:c:d" END END), 0 },

	/* Host */
	{ "no host", SLICE(LINE END), HANDSHAKE_BAD_HOST },
	{ "no host in HTTP/1.0", SLICE("GET / HTTP/1.0" END END), HANDSHAKE_BAD_HOST },
	{ "an empty host", SLICE(LINE "Host: " END END), HANDSHAKE_BAD_HOST },
	{ "two in one host", SLICE(LINE "Host: a, b" END END), HANDSHAKE_BAD_HOST },
	{ "a host with a path", SLICE(LINE "Host: a/b" END END), HANDSHAKE_BAD_HOST },
	{ "a host with a user", SLICE(LINE "Host: a@b" END END), HANDSHAKE_BAD_HOST },
	{ "an address of IPv6", SLICE(LINE "Host: [::1]:80" END END), 0 },

	/* What must be there once */
	{ "Host twice", SLICE(START HOST END), HANDSHAKE_REPEATED },
	{ "Host twice, in another case", SLICE(START "hOST: example.org" END END),
		HANDSHAKE_REPEATED },
	{ "Origin twice", SLICE(START "Origin: a" END "Origin: a" END END), HANDSHAKE_REPEATED },
	{ "Origin twice, empty", SLICE(START "Origin:" END "Origin:" END END),
		HANDSHAKE_REPEATED },
	{ "Authorization twice",
		SLICE(START "Authorization: Bearer a" END "Authorization: Basic a" END END),
		HANDSHAKE_REPEATED },
	{ "Sec-WebSocket-Key twice",
		SLICE(START "Sec-WebSocket-Key: a" END "Sec-WebSocket-Key: a" END END),
		HANDSHAKE_REPEATED },
	{ "Sec-WebSocket-Version twice",
		SLICE(START "Sec-WebSocket-Version: 13" END "Sec-WebSocket-Version: 13" END END),
		HANDSHAKE_REPEATED },
	{ "Cookie twice", SLICE(START "Cookie: a" END "Cookie: b" END END), HANDSHAKE_REPEATED },
	{ "Sec-Fetch-Site twice",
		SLICE(START "Sec-Fetch-Site: a" END "Sec-Fetch-Site: b" END END),
		HANDSHAKE_REPEATED },
	{ "Last-Event-ID twice", SLICE(START "Last-Event-ID: a" END "Last-Event-ID: b" END END),
		HANDSHAKE_REPEATED },
	{ "another header twice", SLICE(START "A: b" END "A: b" END END), 0 },

	/* A body */
	{ "Content-Length", SLICE(START "Content-Length: 5" END END "Hello"), HANDSHAKE_BODY },
	{ "Content-Length: 0", SLICE(START "Content-Length: 0" END END), HANDSHAKE_BODY },
	{ "Transfer-Encoding", SLICE(START "Transfer-Encoding: chunked" END END),
		HANDSHAKE_BODY },

	/* Subprotocols */
	{ "a subprotocol with a space", SLICE(START "Sec-WebSocket-Protocol: a b" END END),
		HANDSHAKE_BAD_PROTOCOLS },
	{ "a subprotocol in quotes", SLICE(START "Sec-WebSocket-Protocol: \"a\"" END END),
		HANDSHAKE_BAD_PROTOCOLS },
	{ "two tokens", SLICE(START "Sec-WebSocket-Protocol: bearer.a, bearer.b" END END),
		HANDSHAKE_BAD_PROTOCOLS },
	{ "two tokens in two lines",
		SLICE(START "Sec-WebSocket-Protocol: bearer.a" END
			    "Sec-WebSocket-Protocol: bearer.a" END END),
		HANDSHAKE_BAD_PROTOCOLS },
	{ "two tokens, both empty",
		SLICE(START "Sec-WebSocket-Protocol: bearer., bearer." END END),
		HANDSHAKE_BAD_PROTOCOLS },
};

/* A result does not change with what comes later, nor is it given before it shows. */
static bool steady(struct slice bytes, int result)
{
	_cleanup_(buffer_release) struct buffer longer = { 0 };
	struct handshake_request request;
	size_t len;
	int r;

	buffer_append_slice(&longer, bytes);
	buffer_append_string(&longer, "A: b\r\n\r\n\r\n\r\n");
	for (size_t i = 1; i <= longer.len; i++) {
		r = handshake_parse((struct slice){ longer.data, i }, i - 1, &request, &len);
		if (r != HANDSHAKE_INCOMPLETE && r != result)
			return false;
		if (r == result)
			return handshake_parse(buffer_slice(&longer), 0, &request, &len) == r;
	}
	return false;
}

static void test_heads(void)
{
	struct handshake_request request;

	for (size_t i = 0; i < ARRAY_LENGTH(heads); i++) {
		ok_int_equal(parse(heads[i].bytes, &request), heads[i].result, "%s",
			heads[i].what);
		tap_ok(steady(heads[i].bytes, heads[i].result), "%s, byte by byte", heads[i].what);
	}
}

/* A head with a header that makes it so many bytes. */
static int parse_sized(size_t len)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct handshake_request request;

	buffer_append_string(&bytes, START "A: ");
	while (bytes.len < len - 4)
		buffer_append_string(&bytes, "x");
	buffer_append_string(&bytes, END END);
	return parse(buffer_slice(&bytes), &request);
}

static int parse_many(unsigned count)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct handshake_request request;

	buffer_append_string(&bytes, START);
	for (unsigned i = 1; i < count; i++)
		buffer_append_string(&bytes, "A: b" END);
	buffer_append_string(&bytes, END);
	return parse(buffer_slice(&bytes), &request);
}

static void test_limits(void)
{
	_cleanup_(buffer_release) struct buffer endless = { 0 };
	struct handshake_request request;

	ok_int_equal(parse_sized(HANDSHAKE_MAX), 0, "a head as large as the limit");
	ok_int_equal(parse_sized(HANDSHAKE_MAX + 1), HANDSHAKE_TOO_LARGE, "one byte above");
	ok_int_equal(parse_many(HANDSHAKE_HEADERS_MAX), 0, "as many headers as the limit");
	ok_int_equal(parse_many(HANDSHAKE_HEADERS_MAX + 1), HANDSHAKE_TOO_MANY, "one above");
	while (endless.len < HANDSHAKE_MAX - 1)
		buffer_append_string(&endless, "x");
	ok_int_equal(parse(buffer_slice(&endless), &request), HANDSHAKE_INCOMPLETE,
		"a line without an end, below the limit");
	buffer_append_string(&endless, "x");
	ok_int_equal(parse(buffer_slice(&endless), &request), HANDSHAKE_TOO_LARGE,
		"and as large as it");
	ok_int_equal(handshake_parse(buffer_slice(&endless), HANDSHAKE_MAX, &request, &(size_t){ 0 }),
		HANDSHAKE_TOO_LARGE, "and asked once more");
}

static void test_long_token(void)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct handshake_request request;

	buffer_append_string(&bytes, START "Authorization: Bearer ");
	for (unsigned i = 0; i < 8192; i++)
		buffer_append_string(&bytes, "t");
	buffer_append_string(&bytes, END UPGRADE END);
	ok_int_equal(parse(buffer_slice(&bytes), &request), 0, "a token of 8 KiB has room");
	ok_int_equal(request.bearer.len, 8192, "and is all there");
}

static const struct {
	const char *value;
	const char *token; /* NULL = absent */
} authorizations[] = {
	{ "Bearer abc", "abc" },
	{ "bearer abc", "abc" },
	{ "BEARER    abc", "abc" },
	{ "Bearer abc def", "abc def" },
	{ "Bearer", "" },
	{ "Bearer   ", "" },
	{ "Bearerabc", NULL },
	{ "Bearer\tabc", NULL },
	{ "Basic YTpi", NULL },
	{ "Beare", NULL },
	{ "", NULL },
};

static void test_authorization(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(authorizations); i++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		struct handshake_request request;

		buffer_print(&bytes, START "Authorization: %s" END END, authorizations[i].value);
		ok_int_equal(parse(buffer_slice(&bytes), &request), 0, "Authorization: %s",
			authorizations[i].value);
		tap_ok(!absent(request.authorization), "it is there");
		if (authorizations[i].token)
			tap_ok(!absent(request.bearer) &&
					slice_is(request.bearer, authorizations[i].token),
				"the token is as given");
		else
			tap_ok(absent(request.bearer), "no token is read from it");
	}
}

static const struct {
	const char *value;
	bool offered;
	const char *token; /* NULL = absent */
} protocols[] = {
	{ "tidings.v1", true, NULL },
	{ "bearer.a.b.c, tidings.v1", true, "a.b.c" },
	{ "tidings.v1,bearer.a.b.c", true, "a.b.c" },
	{ " , tidings.v1 ,\t,chat", true, NULL },
	{ "bearer.a", false, "a" },
	{ "bearer.", false, "" },
	{ "Bearer.a", false, NULL },
	{ "bearer", false, NULL },
	{ "Tidings.v1", false, NULL },
	{ "tidings.v10", false, NULL },
	{ "tidings.v", false, NULL },
	{ "", false, NULL },
};

static void test_protocols(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		_cleanup_(buffer_release) struct buffer answer = { 0 };
		struct handshake_request request;
		bool named;

		buffer_print(&bytes, START UPGRADE "Sec-WebSocket-Protocol: %s" END END,
			protocols[i].value);
		ok_int_equal(parse(buffer_slice(&bytes), &request), 0, "subprotocols: %s",
			protocols[i].value);
		ok_int_equal(request.protocol_offered, protocols[i].offered, "ours is offered or not");
		if (protocols[i].token)
			tap_ok(slice_is(request.protocol_token, protocols[i].token),
				"with the token");
		else
			tap_ok(absent(request.protocol_token), "without a token");
		ok_int_equal(handshake_accept(&answer, &request), 0, "and answered");
		named = strstr(buffer_string(&answer), "Sec-WebSocket-Protocol: tidings.v1\r\n");
		ok_int_equal(named, protocols[i].offered, "with its name only if offered");
	}
}

static const struct {
	const char *what;
	const char *head;
	int result;
} upgrades[] = {
	{ "a good one", START UPGRADE, 0 },
	{ "lists in several lines",
		START UPGRADE "Connection: keep-alive" END "Upgrade: h2c" END
			      "Sec-WebSocket-Protocol: chat" END,
		0 },
	{ "no headers for it", START, HANDSHAKE_NOT_UPGRADE },
	{ "only Connection", START "Connection: upgrade" END, HANDSHAKE_NOT_UPGRADE },
	{ "another protocol", START "Upgrade: h2c" END "Connection: Upgrade" END,
		HANDSHAKE_NOT_UPGRADE },
	{ "half a name", START "Upgrade: websockets" END "Connection: Upgrade" END,
		HANDSHAKE_NOT_UPGRADE },
	{ "POST", "POST / HTTP/1.1" END HOST UPGRADE, HANDSHAKE_METHOD },
	{ "get", "get / HTTP/1.1" END HOST UPGRADE, HANDSHAKE_METHOD },
	{ "HEAD", "HEAD / HTTP/1.1" END HOST UPGRADE, HANDSHAKE_METHOD },
	{ "HTTP/1.0", "GET / HTTP/1.0" END HOST UPGRADE, HANDSHAKE_OLD_HTTP },
	{ "no Connection",
		START "Upgrade: websocket" END "Sec-WebSocket-Version: 13" END
		      "Sec-WebSocket-Key: " KEY END,
		HANDSHAKE_NO_CONNECTION },
	{ "Connection: close", START "Upgrade: websocket" END "Connection: close" END,
		HANDSHAKE_NO_CONNECTION },
	{ "Connection: upgrades", START "Upgrade: websocket" END "Connection: upgrades" END,
		HANDSHAKE_NO_CONNECTION },
#define ASKED START "Upgrade: websocket" END "Connection: keep-alive, upgrade" END
	{ "no version", ASKED "Sec-WebSocket-Key: " KEY END, HANDSHAKE_WEBSOCKET_VERSION },
	{ "version 8", ASKED "Sec-WebSocket-Key: " KEY END "Sec-WebSocket-Version: 8" END,
		HANDSHAKE_WEBSOCKET_VERSION },
	{ "version 130", ASKED "Sec-WebSocket-Key: " KEY END "Sec-WebSocket-Version: 130" END,
		HANDSHAKE_WEBSOCKET_VERSION },
	{ "version 13, 8", ASKED "Sec-WebSocket-Key: " KEY END "Sec-WebSocket-Version: 13, 8" END,
		HANDSHAKE_WEBSOCKET_VERSION },
#define V13 ASKED "Sec-WebSocket-Version: 13" END
	{ "no key", V13, HANDSHAKE_BAD_KEY },
	{ "an empty key", V13 "Sec-WebSocket-Key:" END, HANDSHAKE_BAD_KEY },
	{ "a key of 15 bytes", V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j" END,
		HANDSHAKE_BAD_KEY },
	{ "a key of 17 bytes", V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=" END,
		HANDSHAKE_BAD_KEY },
	{ "a key without padding", V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ" END,
		HANDSHAKE_BAD_KEY },
	{ "a key and more", V13 "Sec-WebSocket-Key: " KEY "=" END, HANDSHAKE_BAD_KEY },
	{ "a key padded once", V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQa=" END,
		HANDSHAKE_BAD_KEY },
	{ "a key in base64url", V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25-_Q==" END,
		HANDSHAKE_BAD_KEY },
	{ "a key with a space", V13 "Sec-WebSocket-Key: dGhlIHNhbXBs SBub25jZQ==" END,
		HANDSHAKE_BAD_KEY },
	{ "a key with + and /", V13 "Sec-WebSocket-Key: ++//IHNhbXBsZSBub25jZQ==" END, 0 },
#undef ASKED
#undef V13
};

static void test_upgrades(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(upgrades); i++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		struct handshake_request request;

		buffer_print(&bytes, "%s" END, upgrades[i].head);
		ok_int_equal(parse(buffer_slice(&bytes), &request), 0, "%s: is read",
			upgrades[i].what);
		ok_int_equal(handshake_check_upgrade(&request), upgrades[i].result, "%s",
			upgrades[i].what);
	}
}

static const struct {
	const char *query;
	int result;
	const char *value;
} queries[] = {
	{ "token=abc", 0, "abc" },
	{ "since=4&token=abc&epoch=e", 0, "abc" },
	{ "token=", 0, "" },
	{ "token", 0, "" },
	{ "token=a=b", 0, "a=b" },
	{ "token=a+b%20c%2B%2b%7E", 0, "a b c++~" },
	{ "&&token=a&", 0, "a" },
	{ "", HANDSHAKE_ABSENT, "" },
	{ "Token=a", HANDSHAKE_ABSENT, "" },
	{ "tokens=a&atoken=b&toke=c", HANDSHAKE_ABSENT, "" },
	{ "a=token=b", HANDSHAKE_ABSENT, "" },
	{ "token=a&token=a", -EBADMSG, "" },
	{ "token&token=a", -EBADMSG, "" },
	{ "token=%", -EBADMSG, "" },
	{ "token=a%2", -EBADMSG, "" },
	{ "token=%zz", -EBADMSG, "" },
	{ "token=%2g", -EBADMSG, "" },
	{ "token=%-1", -EBADMSG, "" },
	{ "token=a%00", -EBADMSG, "" },
	{ "token=a%0a", -EBADMSG, "" },
	{ "token=%1f", -EBADMSG, "" },
	{ "token=%7f", -EBADMSG, "" },
	{ "token=%80", -EBADMSG, "" },
	{ "token=%c3%a9", -EBADMSG, "" },
	{ "token=\xc3\xa9", -EBADMSG, "" },
	{ "token=abc&other=%zz", 0, "abc" },
};

static void test_queries(void)
{
	_cleanup_(buffer_release) struct buffer limited = { .limit = 3 };

	for (size_t i = 0; i < ARRAY_LENGTH(queries); i++) {
		_cleanup_(buffer_release) struct buffer value = { 0 };
		_cleanup_(freeing_memory) char *copy = NULL;
		struct slice query = slice_of(queries[i].query);
		char expected[32];

		/* Memory of its own, so that a read beyond it is seen */
		copy = malloc(query.len + (query.len == 0));
		memcpy(copy, query.data, query.len);
		query.data = copy;
		buffer_append_string(&value, "=");
		snprintf(expected, sizeof(expected), "=%s", queries[i].value);
		ok_int_equal(handshake_query(query, "token", &value),
			queries[i].result, "query \"%s\"", queries[i].query);
		ok_string_equal(buffer_string(&value), expected, "and its value");
	}
	ok_int_equal(handshake_query((struct slice){ 0 }, "token", &limited), HANDSHAKE_ABSENT,
		"no query has no parameter");
	handshake_query(SLICE("token=abcd"), "token", &limited);
	ok_int_equal(buffer_status(&limited), -ENOBUFS, "a value above the buffer's limit shows there");
}

static const struct {
	const char *cookies;
	const char *value; /* NULL = absent */
} cookies[] = {
	{ "token=abc", "abc" },
	{ "a=b; token=abc; c=d", "abc" },
	{ "a=b;token=abc;c=d", "abc" },
	{ "a=b; \ttoken=abc \t; c=d", "abc" },
	{ "token=\"abc\"", "abc" },
	{ "token=\"abc", "\"abc" },
	{ "token=\"", "\"" },
	{ "token=", "" },
	{ "token", "" },
	{ "token=a=b==", "a=b==" },
	{ "token=first; token=second", "first" },
	{ "xtoken=a; tokenx=b; Token=c; a=token=d", NULL },
	{ ";;; ;", NULL },
	{ "", NULL },
};

static void test_cookies(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cookies); i++) {
		struct slice value = handshake_cookie(slice_of(cookies[i].cookies), "token");

		tap_ok(cookies[i].value ? value.data && slice_is(value, cookies[i].value) :
					  absent(value),
			"cookies \"%s\"", cookies[i].cookies);
	}
	tap_ok(absent(handshake_cookie((struct slice){ 0 }, "token")), "no cookies at all");
}

static const struct {
	const char *accept; /* NULL = absent */
	bool accepts;
} media[] = {
	{ NULL, true },
	{ "", true },
	{ "text/event-stream", true },
	{ "TEXT/Event-Stream", true },
	{ "text/*", true },
	{ "*/*", true },
	{ "application/json, text/event-stream", true },
	{ "application/json ,\ttext/event-stream ; q=0.1", true },
	{ "text/event-stream;q=1", true },
	{ "text/event-stream;q=0.001", true },
	{ "text/event-stream;a=b; q=0.5", true },
	{ "text/event-stream, */*;q=0", true },
	{ "*/*;q=0, text/event-stream", true },
	{ "text/*;q=0, text/event-stream", true },
	{ "application/json", false },
	{ "text/event-stream;q=0", false },
	{ "text/event-stream;Q=0.000", false },
	{ "text/event-stream;q=0, */*", false },
	{ "*/*, text/*;q=0", false },
	{ "*/*;q=0", false },
	{ "text/event-stre", false },
	{ "text/event-streams", false },
	{ "text", false },
	{ "text/", false },
	{ "tex*/*", false },
	{ "*", false },
	{ ",", false },
	{ ";q=1", false },
};

static void test_media(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(media); i++)
		ok_int_equal(handshake_accepts(slice_of(media[i].accept), "text/event-stream"),
			media[i].accepts, "Accept: %s", media[i].accept ? media[i].accept : "absent");
}

static void test_accept(void)
{
	_cleanup_(buffer_release) struct buffer answer = { 0 };
	struct handshake_request request;

	parse(SLICE(START UPGRADE END), &request);
	ok_int_equal(handshake_accept(&answer, &request), 0, "an upgrade is accepted");
	ok_string_equal(buffer_string(&answer),
		"HTTP/1.1 101 Switching Protocols\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		"\r\n",
		"with the example of RFC 6455, section 1.3");
}

static void test_refuse(void)
{
	_cleanup_(buffer_release) struct buffer answer = { 0 };

	handshake_refuse(&answer, 401, "token_expired", "The token \"x\" has expired",
		"X-More: 1\r\n");
	ok_string_equal(buffer_string(&answer),
		"HTTP/1.1 401 Unauthorized\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 62\r\n"
		"Cache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"Connection: close\r\n"
		"WWW-Authenticate: Bearer realm=\"tidings\"\r\n"
		"X-More: 1\r\n"
		"\r\n"
		"{\"error\":\"The token \\\"x\\\" has expired\",\"code\":\"token_expired\"}",
		"a refusal is written");
	buffer_clear(&answer);
	handshake_refuse(&answer, 299, "odd", "Odd", "");
	tap_ok(strncmp(buffer_string(&answer), "HTTP/1.1 500 ", 13) == 0,
		"an unknown status becomes 500");
}

static const struct {
	enum handshake_error error;
	unsigned status;
	const char *header; /* that must be there */
} refusals[] = {
	{ HANDSHAKE_INCOMPLETE, 408, "Connection: close\r\n" },
	{ HANDSHAKE_NOT_UPGRADE, 426, "Upgrade: websocket\r\n" },
	{ HANDSHAKE_STRAY_BYTE, 400, "Connection: close\r\n" },
	{ HANDSHAKE_BAD_LINE, 400, "Connection: close\r\n" },
	{ HANDSHAKE_BAD_TARGET, 400, "Connection: close\r\n" },
	{ HANDSHAKE_BAD_HEADER, 400, "Connection: close\r\n" },
	{ HANDSHAKE_BAD_HOST, 400, "Connection: close\r\n" },
	{ HANDSHAKE_BAD_PROTOCOLS, 400, "Connection: close\r\n" },
	{ HANDSHAKE_REPEATED, 400, "Connection: close\r\n" },
	{ HANDSHAKE_BODY, 400, "Connection: close\r\n" },
	{ HANDSHAKE_TOO_LARGE, 431, "Connection: close\r\n" },
	{ HANDSHAKE_TOO_MANY, 431, "Connection: close\r\n" },
	{ HANDSHAKE_HTTP_VERSION, 505, "Connection: close\r\n" },
	{ HANDSHAKE_METHOD, 405, "Allow: GET\r\n" },
	{ HANDSHAKE_OLD_HTTP, 400, "Connection: close\r\n" },
	{ HANDSHAKE_NO_CONNECTION, 400, "Connection: close\r\n" },
	{ HANDSHAKE_BAD_KEY, 400, "Connection: close\r\n" },
	{ HANDSHAKE_WEBSOCKET_VERSION, 426, "Sec-WebSocket-Version: 13\r\n" },
};

static void test_refusals(void)
{
	ok_int_equal(ARRAY_LENGTH(refusals), HANDSHAKE_ERRORS - 1, "every error is tested");
	for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
		_cleanup_(buffer_release) struct buffer answer = { 0 };
		size_t length = 0;
		unsigned status = 0;
		const char *body;

		handshake_refuse_error(&answer, refusals[i].error);
		sscanf(buffer_string(&answer), "HTTP/1.1 %u", &status);
		ok_int_equal(status, refusals[i].status, "error %d has its status",
			refusals[i].error);
		ok_int_equal(handshake_error_status(refusals[i].error), status, "told alike");
		tap_ok(strstr(answer.data, refusals[i].header), "with its header");
		tap_ok(strstr(answer.data, "\r\nConnection: close"), "and the end of the connection");
		sscanf(strstr(answer.data, "Content-Length: "), "Content-Length: %zu", &length);
		body = strstr(answer.data, "\r\n\r\n") + 4;
		ok_int_equal(length, strlen(body), "and the length of its body");
		tap_ok(strstr(body, "{\"error\":\"") == body, "which is an error object");
	}
}

int main(void)
{
	test_full();
	test_least();
	test_cuts();
	test_heads();
	test_limits();
	test_long_token();
	test_authorization();
	test_protocols();
	test_upgrades();
	test_queries();
	test_cookies();
	test_media();
	test_accept();
	test_refuse();
	test_refusals();
	return tap_done();
}
