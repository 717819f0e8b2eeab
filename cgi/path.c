/*
 * Paths, see path.h.
 *
 * Web servers give the path decoded (PATH_INFO), and most of them tidy it: lighttpd and
 * nginx make one slash of several and follow "..", also where these came from escapes. For
 * fixed names that does no harm. But a user's name may be anything: of "a%2F..%2Fb" nothing
 * is left then but "b", which is another user. So names of users are taken from REQUEST_URI,
 * which has the path as the client wrote it, and only if that says the same as the web
 * server's reading of it. Where they differ in more than repeated slashes, the server has
 * followed a ".." or was told to rewrite the URL, and no user is meant for certain.
 */
#include "cgi/path.h"

#include "lib/buffer.h"

#include <strings.h>

static bool is_below(struct slice path, struct slice base)
{
	return base.len > 0 && path.len > base.len && memcmp(path.data, base.data, base.len) == 0 &&
	       path.data[base.len] == '/';
}

static struct slice skip(struct slice text, size_t n)
{
	return (struct slice){ text.data + n, text.len - n };
}

/* Takes "/segment" off the front; false at the end or where there is no slash. */
static bool next_segment(struct slice *path, struct slice *ret_segment)
{
	size_t len = 1;

	if (path->len == 0 || path->data[0] != '/')
		return false;
	while (len < path->len && path->data[len] != '/')
		len++;
	*ret_segment = (struct slice){ .data = path->data + 1, .len = len - 1 };
	*path = skip(*path, len);
	return true;
}

/* Decodes a segment; one that is broken, or longer than any that could fit, is no bytes. */
static struct slice decode_segment(struct slice segment, char memory[static 1], size_t size)
{
	ssize_t n = segment.len <= size ? http_percent_decode(segment, false, memory) : -1;

	return (struct slice){ memory, n < 0 ? 0 : (size_t)n };
}

/* The path of REQUEST_URI, which may be a whole URL; without the query. */
static struct slice request_path(const struct http_request *request)
{
	struct slice uri = slice_of(http_text(request, "REQUEST_URI"));
	const char *end = uri.len > 0 ? memchr(uri.data, '?', uri.len) : NULL;
	const char *host, *slash;

	if (end)
		uri.len = (size_t)(end - uri.data);
	if (uri.len == 0 || uri.data[0] == '/')
		return uri;
	host = memmem(uri.data, uri.len, "://", 3);
	if (!host)
		return (struct slice){ 0 };
	uri = skip(uri, (size_t)(host + 3 - uri.data));
	slash = memchr(uri.data, '/', uri.len);
	return slash ? skip(uri, (size_t)(slash - uri.data)) : (struct slice){ 0 };
}

/* Takes the base off an encoded path; false if it does not begin with it. */
static bool skip_base(struct slice *encoded, struct slice base)
{
	char memory[1024];
	struct slice expected, actual;

	while (next_segment(&base, &expected)) {
		do
			if (!next_segment(encoded, &actual))
				return false;
		while (actual.len == 0);
		if (!slice_equal(decode_segment(actual, memory, sizeof(memory)), expected))
			return false;
	}
	return true;
}

/* Whether they are equal when each run of slashes counts as one. */
static bool same_path(struct slice a, struct slice b)
{
	while (a.len > 0 && b.len > 0 && a.data[0] == b.data[0]) {
		bool slash = a.data[0] == '/';

		do
			a = skip(a, 1);
		while (slash && a.len > 0 && a.data[0] == '/');
		do
			b = skip(b, 1);
		while (slash && b.len > 0 && b.data[0] == '/');
	}
	return a.len == 0 && b.len == 0;
}

/*
 * Whether the web server's path is this one, decoded. Some leave all escapes as they are
 * (HAProxy), or those of slashes (Apache httpd, if it is told to).
 */
static bool says_the_same(struct slice encoded, struct slice below)
{
	_cleanup_(freeing_memory) char *memory = malloc(encoded.len + below.len + 1);
	ssize_t n, m;

	if (!memory)
		return false;
	n = http_percent_decode(encoded, false, memory);
	if (n < 0)
		return false;
	if (same_path((struct slice){ memory, (size_t)n }, below))
		return true;
	m = http_percent_decode(below, false, memory + n);
	return m >= 0 && same_path((struct slice){ memory, (size_t)n },
				 (struct slice){ memory + n, (size_t)m });
}

static bool has_encoded_slash(struct slice encoded)
{
	for (size_t i = 0; i + 3 <= encoded.len; i++)
		if (strncasecmp(encoded.data + i, "%2F", 3) == 0)
			return true;
	return false;
}

/* A slash in a name is none between names: then nothing but a pattern with a name can fit. */
static void read_encoded(const struct http_request *request, struct path *path)
{
	struct slice encoded = request_path(request);

	if (!skip_base(&encoded, path->base))
		return;
	if (says_the_same(encoded, path->below))
		path->encoded = encoded;
	if (has_encoded_slash(encoded))
		path->below = (struct slice){ 0 };
}

void path_split(const struct http_request *request, const char *configured, struct path *ret_path)
{
	struct path path = {
		.base = slice_of(http_text(request, "SCRIPT_NAME")),
		.below = slice_of(http_text(request, "PATH_INFO")),
	};
	struct slice base = slice_of(configured);

	if (path.below.len == 0 && is_below(path.base, base)) {
		path.below = skip(path.base, base.len);
		path.base.len = base.len;
	}
	while (path.base.len > 0 && path.base.data[path.base.len - 1] == '/')
		path.base.len--;
	if (path.below.len == 0)
		path.below = SLICE("/");
	read_encoded(request, &path);
	*ret_path = path;
}

/* Whether a segment fits one of the pattern. */
static bool segment_fits(struct slice expected, struct slice actual, struct path_words *words)
{
	struct slice decoded;

	if (slice_is(expected, "ID"))
		return uuid_parse(actual, &words->id) == 0;
	if (!slice_is(expected, "USER"))
		return slice_equal(expected, actual);
	decoded = decode_segment(actual, words->memory, sizeof(words->memory));
	words->user = decoded;
	return actual.len > 0;
}

bool path_fits(const struct path *path, const char *pattern, struct path_words *ret_words)
{
	struct slice left = strstr(pattern, "/USER") ? path->encoded : path->below;
	struct slice rest = slice_of(pattern), expected, actual;

	ret_words->user = (struct slice){ 0 };
	while (next_segment(&rest, &expected))
		if (!next_segment(&left, &actual) || !segment_fits(expected, actual, ret_words))
			return false;
	return left.len == 0;
}
