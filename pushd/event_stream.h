/*
 * Server-sent events (HTML, section 9.2): what stands around a message on such a stream,
 * and the HTTP answer that the stream is. Bytes only: no input or output.
 *
 * A browser's EventSource comes back by itself whenever a stream ends, and stops for good
 * at an answer that is not 200. What is told here minds that: each end says when to
 * come back, and what cannot become good by coming back again is refused.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/config.h"
#include "pushd/handshake.h"

enum {
	EVENT_STREAM_TYPE_MAX = 24,    /* bytes of a message's type */
	EVENT_STREAM_EPOCH_MAX = 63,   /* of the epoch's name */
	EVENT_STREAM_HEADER_MAX = 128, /* before the data of an event */
};

/* Behind the data of an event; and an event without one, so that something is sent. */
#define EVENT_STREAM_TAIL      "\n\n"
#define EVENT_STREAM_HEARTBEAT ":\n\n"

/*
 * Writes what stands before the data of an event, right before `end`, where there must be
 * EVENT_STREAM_HEADER_MAX bytes; returns where it begins. The `seq` MESSAGE_NO_SEQ makes
 * an event without an id.
 */
char *event_stream_header(char *end, const char *type, const char *epoch, uint64_t seq);

/*
 * Appends the headers by which a page of the request's origin, which is allowed or absent,
 * may read the answer. To be given to all answers that follow here.
 */
void event_stream_share(struct buffer *to, const struct config *config,
	const struct handshake_request *request);

/* Appends the answer 200, up to the first event. `headers` are whole lines. */
void event_stream_accept(struct buffer *to, struct slice headers);

/* Appends the answer to OPTIONS, by which a browser asks before a page may ask. */
void event_stream_preflight(struct buffer *to, const struct handshake_request *request,
	struct slice headers);

/* The methods, for Allow. */
#define EVENT_STREAM_METHODS "GET, OPTIONS"

/* What an end that WebSocket would tell by a close code is on a stream. */
struct event_stream_end {
	uint32_t retry;	  /* milliseconds to wait before coming back: other ones each time */
	const char *code; /* of the "error" that tells it; NULL = what was told before says it */
	const char *sentence; /* the same */
};

/* `reason` is the close frame's; what is returned may refer to it. */
struct event_stream_end event_stream_end_of(unsigned close_code, const char *reason);

/* Appends the line by which a stream says when to come back. */
void event_stream_retry(struct buffer *to, uint32_t milliseconds);
