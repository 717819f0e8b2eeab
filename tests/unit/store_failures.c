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
	/* Of the last one: */
	char caller[32];
	int64_t issued;
	size_t user_len;
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

/* Keeps what the request says of who asks, and whether it names a user. */
static void note_request(struct false_store *store, const struct store_frame *frame)
{
	struct inbox_request request;
	const struct slice *name = &request.caller.name;

	if (store_decode_request(frame->operation, frame->payload, &request) < 0) {
		tap_ok(false, "operation %u is a valid request", frame->operation);
		return;
	}
	snprintf(store->caller, sizeof(store->caller), "%.*s", (int)name->len,
		name->data ? name->data : "");
	store->issued = request.caller.issued;
	store->user_len = request.user.len;
	store_request_release(&request);
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
			note_request(store, &request);
			send_status(fd, &request, store->status);
			buffer_consume(&input, request.bytes);
		}
		buffer_release(&input);
		close(fd);
	}
	return NULL;
}

/* What the next request is to be. */
static struct {
	enum inbox_operation operation;
	const struct inbox_once *once;
	const char *principal; /* NULL = nobody */
	int64_t issued;
} asked;

static void ask(struct exchange *exchange)
{
	struct draft draft = { .content = SLICE("\"title\":\"T\"") };
	struct inbox_request request = {
		.operation = asked.operation,
		.drafts = &draft,
		.draft_count = 1,
		.once = asked.once,
	};
	struct inbox_answer answer;

	if (asked.operation == INBOX_CREATE)
		draft.user = SLICE("u");
	if (asked.principal)
		exchange->principal.user = strdup(asked.principal);
	else if (asked.operation == INBOX_COUNT)
		request.user = SLICE("u");
	exchange->principal.issued = asked.issued;
	if (route_ask_store(exchange, &request, &answer) == 0)
		inbox_answer_release(&answer);
}

static const char *const none[] = { NULL };
static const struct route routes[] = {
	{ "GET", "/", AUTH_ANYONE, ROUTE_NO_BODY, none, ask },
	{ 0 },
};

static void check(struct false_store *store, const struct application *application,
	enum inbox_operation operation, unsigned store_status, unsigned status, const char *text)
{
	static char method[] = "REQUEST_METHOD=GET";
	char *variables[] = { method, NULL };
	struct http_request request = { .variables = variables };
	struct answer answer = { 0 };
	const char *headers;

	store->status = store_status;
	asked.operation = operation;
	route_answer(routes, application, &request, &answer);
	headers = buffer_string(&answer.headers);
	ok_int_equal(answer.status, status, "operation %d when the store says %u", operation,
		store_status);
	tap_ok(strstr(buffer_string(&answer.body), text), "the answer says %s", text);
	tap_ok((status == 503) == (strstr(headers, "Retry-After: ") != NULL),
		"Retry-After comes with 503");
	tap_ok((status == 401) == (strstr(headers, "WWW-Authenticate: Bearer ") != NULL),
		"WWW-Authenticate comes with 401");
	answer_release(&answer);
}

static void check_refusals(struct false_store *store, const struct application *application)
{
	static const struct {
		enum inbox_operation operation;
		unsigned store_status, status;
		const char *text;
	} cases[] = {
		{ INBOX_COUNT, INBOX_NOT_FOUND, 404, "\"not_found\"" },
		{ INBOX_COUNT, INBOX_FORBIDDEN, 503, "\"unavailable\"" },
		{ INBOX_COUNT, INBOX_INVALID, 400, "\"invalid_request\"" },
		{ INBOX_COUNT, INBOX_REVOKED, 401, "\"token_revoked\"" },
		{ INBOX_CREATE, INBOX_STORAGE_FULL, 507, "\"storage_full\"" },
		{ INBOX_CREATE, INBOX_BUSY, 503, "nothing was changed" },
		{ INBOX_CREATE, INBOX_FAILED, 503, "try again" },
		{ INBOX_CREATE, INBOX_CONFLICT, 409, "\"idempotency_conflict\"" },
		{ INBOX_BROADCAST, INBOX_TOO_MANY, 507, "\"storage_full\"" },
		{ INBOX_BROADCAST, INBOX_TOO_MANY, 507, "1000 broadcasts" },
		{ INBOX_CREATE, BREAK_OFF, 503, "it is not known whether" },
		{ INBOX_BROADCAST, BREAK_OFF, 503, "it is not known whether" },
		{ INBOX_READ_ALL, BREAK_OFF, 503, "try again" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check(store, application, cases[i].operation, cases[i].store_status,
			cases[i].status, cases[i].text);
}

/* In whose name the store is asked, and about whose inbox. */
static void check_caller(struct false_store *store, const struct application *application)
{
	asked.principal = NULL;
	check(store, application, INBOX_COUNT, INBOX_NOT_FOUND, 404, "not_found");
	tap_ok(store->user_len == 1 && !*store->caller, "without a token: in nobody's name");
	asked.principal = "anna";
	asked.issued = 1767225600;
	check(store, application, INBOX_COUNT, INBOX_NOT_FOUND, 404, "not_found");
	ok_string_equal(store->caller, "anna", "in the name of the token's user");
	ok_int_equal(store->issued, 1767225600, "with the time of the token");
	ok_int_equal(store->user_len, 4, "about the user's own inbox");
	check(store, application, INBOX_BROADCAST, INBOX_TOO_MANY, 507, "storage_full");
	ok_string_equal(store->caller, "anna", "the same for a broadcast");
	ok_int_equal(store->user_len, 0, "which is about no one user");
	check(store, application, INBOX_WITHDRAW_BROADCAST, INBOX_NOT_FOUND, 404, "not_found");
	check(store, application, INBOX_CREATE, INBOX_CONFLICT, 409, "idempotency_conflict");
}

/* With a key a create is sent again by itself, until the store answers or is given up. */
static void check_once(struct false_store *store, const struct application *application)
{
	static const struct inbox_once once = { .key = { 1 } };

	asked.once = &once;
	check(store, application, INBOX_CREATE, BREAK_OFF, 503, "try again with the same");
	asked.once = NULL;
}

int main(void)
{
	static char *no_items[] = { NULL };
	static char nothing[] = "";
	char directory[] = "/tmp/store-failures-XXXXXX", path[64];
	struct config config = { 0 };
	struct application application = { .config = &config, .path = nothing };
	struct false_store store;
	struct endpoint endpoint;
	pthread_t thread;

	log_open("store_failures", LOG_LEVEL_ERROR);
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/socket", directory);
	config.store.socket = path;
	config.auth.cookie = nothing;
	config.web.allowed_origins = config.web.trusted_proxies = no_items;
	if (endpoint_parse(path, &endpoint) < 0 ||
		endpoint_listen(&endpoint, &store.listen_fd) < 0 ||
		pthread_create(&thread, NULL, serve, &store) != 0 ||
		application_connect(&application) < 0)
		return 1;
	check_caller(&store, &application);
	check_refusals(&store, &application);
	check_once(&store, &application);
	shutdown(store.listen_fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(store.listen_fd);
	endpoint_remove(&endpoint);
	check(&store, &application, INBOX_COUNT, 0, 503, "does not answer");
	check(&store, &application, INBOX_CREATE, 0, 503, "does not answer");
	application.inbox = inbox_free(application.inbox);
	rmdir(directory);
	return tap_done();
}
