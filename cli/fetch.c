/* HTTP as a client, see fetch.h. The one file that knows libcurl. */
#include "cli/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <strings.h>

enum {
	BODY_MAX = 1 << 20,
	SERVER_MAX = 200,
	CHUNK = 16384,	      /* bytes asked for in one call */
	SEND_PATIENCE = 1000, /* milliseconds for room in the socket */
};

_Static_assert(FETCH_PROBLEM_SIZE >= CURL_ERROR_SIZE, "libcurl writes so much");

struct fetch {
	CURL *curl;
	curl_socket_t socket;
};

DEFINE_CLEANUP(CURL *, curl_easy_cleanup)
DEFINE_CLEANUP(CURLU *, curl_url_cleanup)
DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all)
DEFINE_CLEANUP(char *, curl_free)

void fetch_answer_release(struct fetch_answer *answer)
{
	buffer_release(&answer->server);
	buffer_release(&answer->body);
}

static int explain(CURLcode code, char *problem)
{
	if (!*problem)
		snprintf(problem, FETCH_PROBLEM_SIZE, "%s", curl_easy_strerror(code));
	return code == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EIO;
}

/* A handle for this URL with what all have in common; NULL when out of memory. */
static CURL *begin(const char *url, int timeout, char *problem)
{
	CURL *curl = curl_easy_init();

	*problem = '\0';
	if (!curl || curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK) {
		curl_easy_cleanup(curl);
		return NULL;
	}
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "tidings/" PACKAGE_VERSION);
	return curl;
}

/* ---- one answer ---- */

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct fetch_answer *answer = context;

	buffer_append(&answer->body, data, size * count);
	return buffer_status(&answer->body) < 0 ? 0 : size * count;
}

/* The value of a header line of this name, as a string; "" if it is another one. */
static void read_header(struct slice line, const char *name, char value[static SERVER_MAX])
{
	size_t at = strlen(name), len = line.len;

	*value = '\0';
	if (len <= at || strncasecmp(line.data, name, at) != 0)
		return;
	while (at < len && line.data[at] == ' ')
		at++;
	while (len > at && (line.data[len - 1] == '\r' || line.data[len - 1] == '\n'))
		len--;
	snprintf(value, SERVER_MAX, "%.*s", (int)(len - at), line.data + at);
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct fetch_answer *answer = context;
	struct slice line = { data, size * count };
	char value[SERVER_MAX];

	read_header(line, "Server:", value);
	if (*value) {
		buffer_clear(&answer->server);
		buffer_append_string(&answer->server, value);
	}
	read_header(line, "Date:", value);
	if (*value)
		answer->date = (int64_t)curl_getdate(value, NULL);
	return line.len;
}

static CURLcode perform(CURL *curl, const char *token, struct fetch_answer *answer)
{
	_cleanup_(freeing_curl_slist_free_all) struct curl_slist *headers = NULL;
	_cleanup_(buffer_release) struct buffer bearer = { 0 };

	if (token) {
		buffer_print(&bearer, "Authorization: Bearer %s", token);
		if (buffer_string(&bearer))
			headers = curl_slist_append(NULL, bearer.data);
		if (!headers)
			return CURLE_OUT_OF_MEMORY;
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	}
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
	return curl_easy_perform(curl);
}

int fetch_get(const char *base, const char *path, const char *token, int timeout,
	struct fetch_answer *ret_answer, char problem[static FETCH_PROBLEM_SIZE])
{
	_cleanup_(fetch_answer_release) struct fetch_answer answer = { .date = -1,
		.body.limit = BODY_MAX };
	_cleanup_(freeing_curl_easy_cleanup) CURL *curl = NULL;
	_cleanup_(buffer_release) struct buffer url = { 0 };
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;

	*problem = '\0';
	buffer_print(&url, "%s%s", base, path);
	if (buffer_string(&url))
		curl = begin(url.data, timeout, problem);
	if (curl)
		code = perform(curl, token, &answer);
	if (code != CURLE_OK)
		return explain(code, problem);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	answer.status = (unsigned)status;
	*ret_answer = take(answer);
	return 0;
}

/* ---- a connection ---- */

/* Appends "GET PATH HTTP/1.1" with the host, and the headers. */
static int append_head(struct buffer *to, const char *base, const char *path, const char *headers)
{
	_cleanup_(freeing_curl_url_cleanup) CURLU *url = curl_url();
	_cleanup_(freeing_curl_free) char *host = NULL, *port = NULL, *below = NULL;

	if (!url || curl_url_set(url, CURLUPART_URL, base, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_PATH, &below, 0) != CURLUE_OK)
		return -ENOMEM;
	curl_url_get(url, CURLUPART_PORT, &port, 0); /* fails where it is not named */
	buffer_print(to, "GET %s%s HTTP/1.1\r\nHost: %s%s%s\r\nUser-Agent: tidings/%s\r\n%s\r\n",
		strcmp(below, "/") == 0 ? "" : below, path, host, port ? ":" : "", port ? port : "",
		PACKAGE_VERSION, headers);
	return buffer_status(to);
}

struct fetch *fetch_close(struct fetch *fetch)
{
	if (fetch)
		curl_easy_cleanup(fetch->curl);
	free(fetch);
	return NULL;
}

static CURLcode connect_only(struct fetch *fetch)
{
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (fetch->curl) {
		curl_easy_setopt(fetch->curl, CURLOPT_CONNECT_ONLY, 1L);
		code = curl_easy_perform(fetch->curl);
	}
	if (code == CURLE_OK)
		code = curl_easy_getinfo(fetch->curl, CURLINFO_ACTIVESOCKET, &fetch->socket);
	return code;
}

int fetch_open(const char *base, const char *path, const char *headers, int timeout,
	struct fetch **ret_fetch, char problem[static FETCH_PROBLEM_SIZE])
{
	_cleanup_(freeing_fetch_close) struct fetch *fetch = calloc(1, sizeof(*fetch));
	_cleanup_(buffer_release) struct buffer head = { 0 };
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*problem = '\0';
	if (fetch && append_head(&head, base, path, headers) == 0) {
		fetch->curl = begin(base, timeout, problem);
		code = connect_only(fetch);
	}
	if (code == CURLE_OK && fetch_send(fetch, buffer_slice(&head)) < 0)
		code = CURLE_SEND_ERROR;
	if (code != CURLE_OK)
		return explain(code, problem);
	/* The caller's memory need not live as long */
	curl_easy_setopt(fetch->curl, CURLOPT_ERRORBUFFER, NULL);
	*ret_fetch = take(fetch);
	return 0;
}

/* Waits for the socket. Returns 0, -ETIMEDOUT or -EIO. */
static int wait_for(const struct fetch *fetch, short events, int timeout)
{
	struct pollfd poll_fd = { .fd = fetch->socket, .events = events };
	int n = poll(&poll_fd, 1, timeout);

	if (n < 0)
		return errno == EINTR ? 0 : -EIO;
	return n == 0 ? -ETIMEDOUT : 0;
}

int fetch_send(struct fetch *fetch, struct slice bytes)
{
	while (bytes.len > 0) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(fetch->curl, bytes.data, bytes.len, &sent);

		if (code == CURLE_AGAIN ? wait_for(fetch, POLLOUT, SEND_PATIENCE) < 0
					: code != CURLE_OK)
			return -EIO;
		bytes.data += sent;
		bytes.len -= sent;
	}
	return 0;
}

/* What has been decrypted already no poll() tells of: so it reads before it waits. */
int fetch_receive(struct fetch *fetch, struct buffer *to, int timeout)
{
	CURLcode code = CURLE_AGAIN;
	size_t len = 0;
	int r = 0;

	while (r == 0 && code == CURLE_AGAIN) {
		char *at = buffer_reserve(to, CHUNK);

		if (!at)
			return buffer_status(to);
		code = curl_easy_recv(fetch->curl, at, CHUNK, &len);
		if (code == CURLE_AGAIN)
			r = wait_for(fetch, POLLIN, timeout);
	}
	if (r < 0)
		return r;
	if (code != CURLE_OK)
		return -EIO;
	to->len += len;
	return len == 0 ? -ECONNRESET : 0;
}
