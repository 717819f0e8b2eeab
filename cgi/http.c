/*
 * Readers for the header fields and the query of a request. They are small and
 * strict: what breaks its grammar is told apart from what is absent, because
 * the one is an error to report and the other is not.
 */
#include "cgi/http.h"

#include "lib/utf8.h"

#include <errno.h>
#include <stdlib.h>

const char *http_variable(const struct http_request *request, const char *name)
{
	size_t len = strlen(name);

	for (char *const *variable = request->variables; *variable; variable++)
		if (strncmp(*variable, name, len) == 0 && (*variable)[len] == '=')
			return *variable + len + 1;
	return NULL;
}

const char *http_text(const struct http_request *request, const char *name)
{
	const char *value = http_variable(request, name);

	return value ? value : "";
}

static int hexadecimal_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

ssize_t http_percent_decode(struct slice text, bool plus, char *to)
{
	char *at = to;

	for (size_t i = 0; i < text.len; i++) {
		int high, low;

		if (text.data[i] != '%') {
			*at++ = plus && text.data[i] == '+' ? ' ' : text.data[i];
			continue;
		}
		if (text.len - i < 3)
			return -EINVAL;
		high = hexadecimal_digit(text.data[i + 1]);
		low = hexadecimal_digit(text.data[i + 2]);
		if (high < 0 || low < 0)
			return -EINVAL;
		*at++ = (char)(high << 4 | low);
		i += 2;
	}
	return at - to;
}

/* Cuts off what stands before the first separator; false when nothing is left. */
static bool cut(struct slice *rest, char separator, struct slice *ret_piece)
{
	const char *end;

	if (!rest->data)
		return false;
	end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
	ret_piece->data = rest->data;
	ret_piece->len = end ? (size_t)(end - rest->data) : rest->len;
	if (!end) {
		*rest = (struct slice){ 0 };
		return true;
	}
	rest->len -= ret_piece->len + 1;
	rest->data = end + 1;
	return true;
}

/* Decodes one name or value to *at, and moves that on. */
static int query_decode(struct slice text, char **at, struct slice *ret_decoded)
{
	ssize_t len = http_percent_decode(text, true, *at);
	struct slice decoded;

	if (len < 0)
		return HTTP_QUERY_INVALID;
	decoded = (struct slice){ .data = *at, .len = (size_t)len };
	if (utf8_length(decoded) < 0 || utf8_has_control(decoded, ""))
		return HTTP_QUERY_INVALID;
	*at += len;
	*ret_decoded = decoded;
	return 0;
}

static int query_add(struct http_query *query, struct slice pair, char **at)
{
	struct slice name, value;

	if (query->count == HTTP_PARAMETERS_MAX)
		return HTTP_QUERY_INVALID;
	cut(&pair, '=', &name);
	if (query_decode(name, at, &name) != 0 || query_decode(pair, at, &value) != 0)
		return HTTP_QUERY_INVALID;
	for (size_t i = 0; i < query->count; i++)
		if (slice_equal(query->list[i].name, name))
			return HTTP_QUERY_INVALID;
	query->list[query->count].name = name;
	query->list[query->count].value = value;
	query->count++;
	return 0;
}

int http_query_parse(struct slice text, struct http_query *ret_query)
{
	struct http_query query = { 0 };
	struct slice pair;
	char *at;

	query.memory = at = malloc(text.len + 1);
	if (!query.memory)
		return -ENOMEM;
	while (cut(&text, '&', &pair)) {
		if (pair.len == 0)
			continue;
		if (query_add(&query, pair, &at) != 0) {
			http_query_release(&query);
			return HTTP_QUERY_INVALID;
		}
	}
	*ret_query = query;
	return 0;
}

void http_query_release(struct http_query *query)
{
	free(query->memory);
	*query = (struct http_query){ 0 };
}

bool http_query_find(const struct http_query *query, const char *name, struct slice *ret_value)
{
	for (size_t i = 0; i < query->count; i++) {
		if (slice_is(query->list[i].name, name)) {
			*ret_value = query->list[i].value;
			return true;
		}
	}
	return false;
}

int http_number_parse(struct slice text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
			return -EINVAL;
	}
	if (number < min || number > max)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static struct slice unquoted(struct slice text)
{
	if (text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
		return (struct slice){ .data = text.data + 1, .len = text.len - 2 };
	return text;
}

bool http_type_is_json(const char *content_type)
{
	struct slice rest = slice_of(content_type);
	struct slice type, parameter, name;

	if (!cut(&rest, ';', &type) ||
		!slice_is_ignoring_case(slice_trim(type), "application/json"))
		return false;
	while (cut(&rest, ';', &parameter)) {
		if (!cut(&parameter, '=', &name) ||
			!slice_is_ignoring_case(slice_trim(name), "charset"))
			continue;
		if (!slice_is_ignoring_case(unquoted(slice_trim(parameter)), "utf-8"))
			return false;
	}
	return true;
}

/* token68 of RFC 9110, section 11.2: what a bearer token is made of. */
static bool is_token68(struct slice text)
{
	size_t i = 0;

	while (i < text.len && text.data[i] &&
		strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/",
			text.data[i]))
		i++;
	if (i == 0)
		return false;
	while (i < text.len && text.data[i] == '=')
		i++;
	return i == text.len;
}

int http_bearer(const char *authorization, struct slice *ret_token)
{
	struct slice rest = slice_trim(slice_of(authorization));
	struct slice scheme;

	if (!cut(&rest, ' ', &scheme) || !slice_is_ignoring_case(scheme, "Bearer"))
		return HTTP_BEARER_NONE;
	rest = slice_trim(rest);
	if (!is_token68(rest))
		return HTTP_BEARER_MALFORMED;
	*ret_token = rest;
	return 0;
}

struct slice http_cookie(const char *header, const char *name)
{
	struct slice rest = slice_of(header);
	struct slice pair, found;

	while (cut(&rest, ';', &pair))
		if (cut(&pair, '=', &found) && slice_is(slice_trim(found), name))
			return unquoted(slice_trim(pair));
	return (struct slice){ 0 };
}

bool http_etag_matches(const char *if_none_match, const char *etag)
{
	struct slice rest = slice_of(if_none_match);
	struct slice tag;

	/* Our own tags hold no comma, so one inside a foreign tag cannot make a match */
	while (cut(&rest, ',', &tag)) {
		tag = slice_trim(tag);
		if (slice_is(tag, "*"))
			return true;
		if (tag.len > 2 && memcmp(tag.data, "W/", 2) == 0) {
			tag.data += 2;
			tag.len -= 2;
		}
		if (slice_is(tag, etag))
			return true;
	}
	return false;
}
