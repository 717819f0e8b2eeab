/*
 * What a client is told when the store refuses, fails or goes away, asked of a
 * store that does just that.
 */
#include "cgi/route.h"

#include "cgi/endpoint.h"
#include "lib/log.h"
#include "lib/store_protocol.h"
#include "tests/tap.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { BREAK_OFF = 1000 /* in the place of a status: ends the connection */ };

struct false_store {
	int listen_fd;
	unsigned status; /* what it answers to the next request */
};

static void send_greeting(int fd)
{
	struct inbox_greeting greeting = { .epoch = "epoch" };
	struct buffer frame = { 0 };

	store_encode_greeting(&frame, &greeting);
	if (write(fd, frame.data, frame.len) < 0)
		tap_note("the greeting was not sent");
	buffer_release(&frame);
}

/* Reads one request; false at the end. */
static bool read_request(int fd, struct buffer *input, struct store_frame *ret_frame)
{
	while (store_frame_parse(buffer_slice(input), STORE_REQUEST_MAX, ret_frame) != 0) {
		ssize_t n = read(fd, buffer_reserve(input, 4096), 4096);

		if (n <= 0)
			return false;
		input->len += (size_t)n;
	}
	return true;
}

static void send_status(int fd, const struct store_frame *request, unsigned status)
{
	struct buffer frame = { 0 };
	size_t begin =
		store_frame_begin(&frame, request->number, request->operation, (uint16_t)status);

	store_frame_end(&frame, begin);
	if (write(fd, frame.data, frame.len) < 0)
		tap_note("the answer was not sent");
	buffer_release(&frame);
}

/* One connection at a time; ends when the socket is shut down. */
static void *serve(void *context)
{
	struct false_store *store = context;
	int fd;

	while ((fd = accept(store->listen_fd, NULL, NULL)) >= 0) {
		struct buffer input = { 0 };
		struct store_frame request;

		send_greeting(fd);
		while (read_request(fd, &input, &request) && store->status != BREAK_OFF) {
			send_status(fd, &request, store->status);
			buffer_consume(&input, request.bytes);
		}
		buffer_release(&input);
		close(fd);
	}
	return NULL;
}

static void ask(struct exchange *exchange, enum inbox_operation operation)
{
	struct draft draft = { .user = SLICE("u"), .content = SLICE("\"title\":\"T\"") };
	struct inbox_request request = {
		.operation = operation,
		.user = operation == INBOX_CREATE ? (struct slice){ 0 } : SLICE("u"),
		.drafts = &draft,
		.draft_count = 1,
	};
	struct inbox_answer answer;

	if (route_ask_store(exchange, &request, &answer) == 0)
		inbox_answer_release(&answer);
}

static void ask_count(struct exchange *exchange)
{
	ask(exchange, INBOX_COUNT);
}

static void ask_create(struct exchange *exchange)
{
	ask(exchange, INBOX_CREATE);
}

static const char *const none[] = { NULL };
static const struct route routes[] = {
	{ "GET", "/", AUTH_ANYONE, ROUTE_NO_BODY, none, ask_count },
	{ "POST", "/", AUTH_ANYONE, ROUTE_NO_BODY, none, ask_create },
	{ 0 },
};

static void check(struct false_store *store, const struct application *application,
	const char *method, unsigned store_status, unsigned status, const char *text)
{
	char method_variable[32];
	char *variables[] = { method_variable, NULL };
	struct http_request request = { .variables = variables };
	struct answer answer = { 0 };

	snprintf(method_variable, sizeof(method_variable), "REQUEST_METHOD=%s", method);
	store->status = store_status;
	route_answer(routes, application, &request, &answer);
	ok_int_equal(answer.status, status, "%s when the store says %u", method, store_status);
	tap_ok(strstr(buffer_string(&answer.body), text), "the answer says %s", text);
	tap_ok((status == 503) == (answer.headers.len > 0 &&
					  strstr(buffer_string(&answer.headers), "Retry-After: ")),
		"Retry-After comes with 503");
	answer_release(&answer);
}

static void check_all(struct false_store *store, const struct application *application)
{
	check(store, application, "GET", INBOX_NOT_FOUND, 404, "\"not_found\"");
	check(store, application, "GET", INBOX_FORBIDDEN, 503, "\"unavailable\"");
	check(store, application, "GET", INBOX_INVALID, 400, "\"invalid_request\"");
	check(store, application, "POST", INBOX_STORAGE_FULL, 507, "\"storage_full\"");
	check(store, application, "POST", INBOX_BUSY, 503, "nothing was changed");
	check(store, application, "POST", INBOX_FAILED, 503, "try again");
	check(store, application, "POST", BREAK_OFF, 503, "it is not known whether");
}

int main(void)
{
	static char *no_items[] = { NULL };
	static char nothing[] = "";
	char directory[] = "/tmp/store-failures-XXXXXX", path[64];
	struct config config = { 0 };
	struct application application = { .config = &config };
	struct false_store store;
	struct endpoint endpoint;
	pthread_t thread;

	log_open("store_failures", LOG_LEVEL_ERROR);
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/socket", directory);
	config.store.socket = path;
	config.push.path = config.auth.cookie = nothing;
	config.web.allowed_origins = config.web.trusted_proxies = no_items;
	if (endpoint_parse(path, &endpoint) < 0 ||
		endpoint_listen(&endpoint, &store.listen_fd) < 0 ||
		pthread_create(&thread, NULL, serve, &store) != 0 ||
		application_connect(&application) < 0)
		return 1;
	check_all(&store, &application);
	shutdown(store.listen_fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(store.listen_fd);
	endpoint_remove(&endpoint);
	check(&store, &application, "GET", 0, 503, "does not answer");
	check(&store, &application, "POST", 0, 503, "does not answer");
	application.inbox = inbox_free(application.inbox);
	rmdir(directory);
	return tap_done();
}
