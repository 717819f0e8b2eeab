/*
 * Server-sent events, see event_stream.h.
 *
 * A client that is sent away waits, and no two wait equally long: what sent one away may have
 * sent thousands. Whoever was sent away for what will be as before in a moment (a place
 * that another connection of the user took, tokens that were revoked) waits for longer,
 * or it would come back every few seconds for as long as the page is open.
 */
#include "pushd/event_stream.h"

#include "pushd/hub.h"

#include <stdlib.h>
#include <sys/random.h>

enum {
	RETRY_SOON_MS = 2000, /* at least, and at most twice that */
	RETRY_LATE_MS = 60 * 1000,
};

/* Puts this right before what begins at `at`. */
static char *put_before(char *at, struct slice text)
{
	return memcpy(at - text.len, text.data, text.len);
}

static char *put_number_before(char *at, uint64_t number)
{
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return at;
}

char *event_stream_header(char *end, const char *type, const char *epoch, uint64_t seq)
{
	char *at = put_before(end, SLICE("\ndata: "));

	if (seq != MESSAGE_NO_SEQ) {
		at = put_number_before(at, seq);
		at = put_before(at, SLICE(":"));
		at = put_before(at, slice_of(epoch));
		at = put_before(at, SLICE("\nid: "));
	}
	at = put_before(at, slice_of(type));
	return put_before(at, SLICE("event: "));
}

/* The same as cgi/cors.c and cgi/answer.c have it for all other requests. */
void event_stream_share(struct buffer *to, const struct config *config,
	const struct handshake_request *request)
{
	buffer_append_string(to, "Vary: Authorization, Cookie, Origin\r\n");
	if (!request->origin.data)
		return;
	buffer_append_string(to, "Access-Control-Allow-Origin: ");
	buffer_append_slice(to, request->origin);
	buffer_append_string(to, "\r\n");
	if (*config->auth.cookie)
		buffer_append_string(to, "Access-Control-Allow-Credentials: true\r\n");
}

static uint32_t spread(uint32_t least)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	return least + random % least;
}

void event_stream_retry(struct buffer *to, uint32_t milliseconds)
{
	buffer_append_string(to, "retry: ");
	buffer_append_decimal(to, milliseconds);
	buffer_append_string(to, "\n\n");
}

/*
 * The stream ends with the connection, so that it needs no chunks and any version of HTTP
 * will do; X-Accel-Buffering asks nginx to hand on what comes as it comes. An
 * EventSource keeps the time that it was once told, so every stream begins with the usual one.
 */
void event_stream_accept(struct buffer *to, struct slice headers)
{
	buffer_append_string(to, "HTTP/1.1 200 OK\r\n"
				 "Content-Type: text/event-stream\r\n"
				 "Cache-Control: no-store\r\n"
				 "X-Accel-Buffering: no\r\n"
				 "X-Content-Type-Options: nosniff\r\n"
				 "Connection: close\r\n");
	buffer_append_slice(to, headers);
	buffer_append_string(to, "\r\n");
	event_stream_retry(to, spread(RETRY_SOON_MS));
}

void event_stream_preflight(struct buffer *to, const struct handshake_request *request,
	struct slice headers)
{
	buffer_append_string(to, "HTTP/1.1 204 No Content\r\n"
				 "Allow: " EVENT_STREAM_METHODS "\r\n"
				 "Cache-Control: no-store\r\n"
				 "X-Content-Type-Options: nosniff\r\n"
				 "Connection: close\r\n");
	if (request->origin.data)
		buffer_append_string(to,
			"Access-Control-Allow-Methods: " EVENT_STREAM_METHODS "\r\n"
			"Access-Control-Allow-Headers: Authorization, Cache-Control, "
			"Last-Event-ID\r\n"
			"Access-Control-Max-Age: 600\r\n");
	buffer_append_slice(to, headers);
	buffer_append_string(to, "\r\n");
}

/* A member that is NULL is what the close frame's reason says. */
static const struct ending {
	unsigned close_code;
	const char *code;
	const char *sentence;
	bool late;
} endings[] = {
	{ WEBSOCKET_GOING_AWAY, "going_away", "The server goes away for a moment", false },
	{ WEBSOCKET_TRY_AGAIN, "unavailable", NULL, false },
	{ CLOSE_FORBIDDEN, NULL, "The connections of this user were ended", true },
	{ CLOSE_TOO_MANY_CONNECTIONS, "too_many_connections", NULL, true },
	{ 0, "closed", NULL, false },
};

static const struct ending *find_ending(unsigned close_code)
{
	const struct ending *ending = endings;

	while (ending->close_code != close_code && ending->close_code != 0)
		ending++;
	return ending;
}

struct event_stream_end event_stream_end_of(unsigned close_code, const char *reason)
{
	const struct ending *ending = find_ending(close_code);
	struct event_stream_end end = {
		.retry = spread(ending->late ? RETRY_LATE_MS : RETRY_SOON_MS),
		.code = ending->code ? ending->code : reason,
		.sentence = ending->sentence ? ending->sentence : reason,
	};

	if (close_code == WEBSOCKET_GOING_AWAY)
		end.retry = (uint32_t)strtoul(reason, NULL, 10);
	if (close_code == CLOSE_UNAUTHENTICATED) {
		end.code = end.sentence = NULL;
		if (strcmp(reason, token_error_code(TOKEN_REVOKED)) == 0)
			end.retry = spread(RETRY_LATE_MS);
	}
	return end;
}
