/*
 * The request head, see handshake.h.
 *
 * A proxy stands in front of this, and the two must never read the same bytes
 * differently. So nothing is repaired: lines end in CRLF alone and are not
 * folded, what must be unique is, and no request has a body.
 *
 * The end of the head is looked for first, byte by byte and only looking back;
 * the rest is read once it is there. So the result does not depend on the pieces
 * in which the head came.
 */
#include "pushd/handshake.h"

#include <strings.h>

#define LETTERS_DIGITS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Names (RFC 9110, section 5.6.2), and host with port (RFC 3986, sections 3.2.2 and 3.2.3) */
static const char TOKEN[] = LETTERS_DIGITS "!#$%&'*+-.^_`|~";
static const char HOST[] = LETTERS_DIGITS "-._~%!$&'()*+,;=:[]";

/* What browsers leave as it is in a path or query; more than RFC 3986 has. */
static const char TARGET[] = LETTERS_DIGITS "-._~%!$&'()*+,;=:@/?[]\\^`{|}";

static const char BASE64[] = LETTERS_DIGITS "+/";

/* Whether there is at least one character, and all are of that set. */
static bool consists_of(struct slice slice, const char *set)
{
	for (size_t i = 0; i < slice.len; i++)
		if (slice.data[i] == '\0' || !strchr(set, slice.data[i]))
			return false;
	return slice.len > 0;
}

static struct slice slice_from(struct slice slice, size_t offset)
{
	return (struct slice){ .data = slice.data + offset, .len = slice.len - offset };
}

/* Cuts at the first such byte: gives what is before it, and keeps what is behind it. */
static bool split(struct slice *rest, char at, struct slice *ret_before)
{
	const char *found = rest->len > 0 ? memchr(rest->data, at, rest->len) : NULL;
	size_t len;

	if (!found)
		return false;
	len = (size_t)(found - rest->data);
	*ret_before = (struct slice){ .data = rest->data, .len = len };
	*rest = slice_from(*rest, len + 1);
	return true;
}

/* Takes an element off a list with commas; false at its end. Elements may be empty. */
static bool next_element(struct slice *list, struct slice *ret_element)
{
	struct slice element;

	if (!list->data)
		return false;
	if (!split(list, ',', &element)) {
		element = *list;
		*list = (struct slice){ 0 };
	}
	*ret_element = slice_trim(element);
	return true;
}

static bool list_names(struct slice list, const char *name)
{
	struct slice element;

	while (next_element(&list, &element))
		if (slice_is_ignoring_case(element, name))
			return true;
	return false;
}

static int take_upgrade(struct handshake_request *request, struct slice value)
{
	request->upgrade_websocket |= list_names(value, "websocket");
	return 0;
}

static int take_connection(struct handshake_request *request, struct slice value)
{
	request->connection_upgrade |= list_names(value, "upgrade");
	return 0;
}

static int take_protocols(struct handshake_request *request, struct slice value)
{
	static const struct slice prefix = SLICE(HANDSHAKE_PROTOCOL_TOKEN);
	struct slice element;

	while (next_element(&value, &element)) {
		if (element.len == 0)
			continue;
		if (!consists_of(element, TOKEN))
			return HANDSHAKE_BAD_PROTOCOLS;
		if (slice_is(element, HANDSHAKE_PROTOCOL))
			request->protocol_offered = true;
		if (element.len < prefix.len || memcmp(element.data, prefix.data, prefix.len) != 0)
			continue;
		if (request->protocol_token.data)
			return HANDSHAKE_BAD_PROTOCOLS;
		request->protocol_token = slice_from(element, prefix.len);
	}
	return 0;
}

static int take_body(struct handshake_request *request, struct slice value)
{
	(void)request;
	(void)value;
	return HANDSHAKE_BODY;
}

/* `Bearer TOKEN` (RFC 6750, section 2.1); another scheme is none of ours. */
static int take_authorization(struct handshake_request *request, struct slice value)
{
	static const struct slice scheme = SLICE("Bearer");
	struct slice rest;

	if (value.len < scheme.len || strncasecmp(value.data, scheme.data, scheme.len) != 0)
		return 0;
	rest = slice_from(value, scheme.len);
	if (rest.len == 0 || rest.data[0] == ' ')
		request->bearer = slice_trim(rest);
	return 0;
}

#define IN_REQUEST(member) offsetof(struct handshake_request, member)

enum header_rule {
	ONCE,
	LAST, /* of several lines the last counts */
	LIST, /* the lines are one list; the value itself is not kept */
};

/* The headers that matter; all others only have to be well formed. */
static const struct header {
	const char *name;
	enum header_rule rule;
	size_t offset; /* where the value is kept */
	int (*interpret)(struct handshake_request *request, struct slice value);
} headers[] = {
	{ "Accept", LAST, IN_REQUEST(accept), NULL },
	{ "Authorization", ONCE, IN_REQUEST(authorization), take_authorization },
	{ "Connection", LIST, 0, take_connection },
	{ "Content-Length", LIST, 0, take_body },
	{ "Cookie", ONCE, IN_REQUEST(cookie), NULL },
	{ "Host", ONCE, IN_REQUEST(host), NULL },
	{ "Last-Event-ID", ONCE, IN_REQUEST(last_event_id), NULL },
	{ "Origin", ONCE, IN_REQUEST(origin), NULL },
	{ "Sec-Fetch-Site", ONCE, IN_REQUEST(sec_fetch_site), NULL },
	{ "Sec-WebSocket-Key", ONCE, IN_REQUEST(websocket_key), NULL },
	{ "Sec-WebSocket-Protocol", LIST, 0, take_protocols },
	{ "Sec-WebSocket-Version", ONCE, IN_REQUEST(websocket_version), NULL },
	{ "Transfer-Encoding", LIST, 0, take_body },
	{ "Upgrade", LIST, 0, take_upgrade },
	{ "X-Forwarded-For", LAST, IN_REQUEST(forwarded_for), NULL },
};

static const struct header *find_header(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++)
		if (slice_is_ignoring_case(name, headers[i].name))
			return &headers[i];
	return NULL;
}

static int take_header(struct handshake_request *request, struct slice name, struct slice value)
{
	const struct header *header = find_header(name);
	struct slice *place;

	if (!header)
		return 0;
	if (header->rule != LIST) {
		place = (struct slice *)((char *)request + header->offset);
		if (header->rule == ONCE && place->data)
			return HANDSHAKE_REPEATED;
		*place = value;
	}
	return header->interpret ? header->interpret(request, value) : 0;
}

/* Visible characters, blanks, and the bytes above ASCII that old software sends. */
static bool value_valid(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (((uint8_t)value.data[i] < ' ' && value.data[i] != '\t') ||
			value.data[i] == '\x7f')
			return false;
	return true;
}

static int parse_header(struct handshake_request *request, struct slice line)
{
	struct slice name;

	if (!split(&line, ':', &name) || !consists_of(name, TOKEN) || !value_valid(line))
		return HANDSHAKE_BAD_HEADER;
	return take_header(request, name, slice_trim(line));
}

static bool is_http_version(struct slice text)
{
	return text.len == 8 && memcmp(text.data, "HTTP/", 5) == 0 && text.data[6] == '.' &&
	       text.data[5] >= '0' && text.data[5] <= '9' && text.data[7] >= '0' &&
	       text.data[7] <= '9';
}

static int parse_request_line(struct handshake_request *request, struct slice line)
{
	struct slice target;

	if (!split(&line, ' ', &request->method) || !split(&line, ' ', &target) ||
		!consists_of(request->method, TOKEN) || !is_http_version(line))
		return HANDSHAKE_BAD_LINE;
	request->http_1_0 = slice_is(line, "HTTP/1.0");
	if (!request->http_1_0 && !slice_is(line, "HTTP/1.1"))
		return HANDSHAKE_HTTP_VERSION;
	if (!consists_of(target, TARGET) || target.data[0] != '/')
		return HANDSHAKE_BAD_TARGET;
	if (split(&target, '?', &request->path))
		request->query = target;
	else
		request->path = target;
	return 0;
}

/* Takes a line without its CRLF; the lines are known to end in that. */
static bool next_line(struct slice *rest, struct slice *ret_line)
{
	struct slice line;

	if (!split(rest, '\n', &line))
		return false;
	line.len--;
	*ret_line = line;
	return true;
}

static int parse_head(struct slice head, struct handshake_request *request)
{
	struct slice line = { 0 };
	unsigned count = 0;
	int r;

	next_line(&head, &line);
	r = parse_request_line(request, line);
	while (r == 0 && next_line(&head, &line) && line.len > 0) {
		if (++count > HANDSHAKE_HEADERS_MAX)
			return HANDSHAKE_TOO_MANY;
		r = parse_header(request, line);
	}
	if (r)
		return r;
	return consists_of(request->host, HOST) ? 0 : HANDSHAKE_BAD_HOST;
}

/* Finds the empty line. Looks at no byte before `seen`, but back from there. */
static int find_end(struct slice bytes, size_t seen, size_t *ret_len)
{
	size_t limit = bytes.len < HANDSHAKE_MAX ? bytes.len : HANDSHAKE_MAX;
	const char *data = bytes.data;

	for (size_t i = seen; i < limit; i++) {
		bool behind_return = i > 0 && data[i - 1] == '\r';

		if (data[i] == '\0' || behind_return != (data[i] == '\n'))
			return HANDSHAKE_STRAY_BYTE;
		if (data[i] == '\n' && i >= 3 && data[i - 2] == '\n') {
			*ret_len = i + 1;
			return 0;
		}
	}
	return limit == HANDSHAKE_MAX ? HANDSHAKE_TOO_LARGE : HANDSHAKE_INCOMPLETE;
}

int handshake_parse(struct slice bytes, size_t seen, struct handshake_request *ret_request,
	size_t *ret_len)
{
	struct handshake_request request = { 0 };
	size_t len;
	int r;

	r = find_end(bytes, seen, &len);
	if (r)
		return r;
	r = parse_head((struct slice){ .data = bytes.data, .len = len }, &request);
	if (r)
		return r;
	*ret_request = request;
	*ret_len = len;
	return 0;
}

/* 16 bytes in base64: 22 characters and "==". */
static bool key_valid(struct slice key)
{
	return key.len == 24 && key.data[22] == '=' && key.data[23] == '=' &&
	       consists_of((struct slice){ .data = key.data, .len = 22 }, BASE64);
}

int handshake_check_upgrade(const struct handshake_request *request)
{
	if (!request->upgrade_websocket)
		return HANDSHAKE_NOT_UPGRADE;
	if (!slice_is(request->method, "GET"))
		return HANDSHAKE_METHOD;
	if (request->http_1_0)
		return HANDSHAKE_OLD_HTTP;
	if (!request->connection_upgrade)
		return HANDSHAKE_NO_CONNECTION;
	if (!slice_is(request->websocket_version, "13"))
		return HANDSHAKE_WEBSOCKET_VERSION;
	return key_valid(request->websocket_key) ? 0 : HANDSHAKE_BAD_KEY;
}
