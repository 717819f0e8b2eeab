/*
 * Statistics: what the push daemon has done since it began, kept as counters, so that to tell
 * them costs the same whoever many clients there are. tidings-pushd(8) says what each member of
 * their JSON means.
 *
 * Counting is an addition in memory that is at hand anyway. The time is read once a change,
 * never once a client.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/change.h"

#include <stdint.h>

struct hub;

/* Why a client was refused: the codes of HTTP answers and of "auth_failed". */
#define STATISTICS_REASONS(X)                                                        \
	X(REASON_FULL, "full") /* answered 503, for want of room */                  \
	X(REASON_INVALID_REQUEST, "invalid_request")                                 \
	X(REASON_TOO_LARGE, "too_large")                                             \
	X(REASON_REQUEST_TIMEOUT, "request_timeout")                                 \
	X(REASON_METHOD_NOT_ALLOWED, "method_not_allowed")                           \
	X(REASON_UPGRADE_REQUIRED, "upgrade_required")                               \
	X(REASON_NOT_FOUND, "not_found")                                             \
	X(REASON_NOT_ACCEPTABLE, "not_acceptable")                                   \
	X(REASON_FORBIDDEN, "forbidden")	 /* the origin */                    \
	X(REASON_AUTH_REQUIRED, "auth_required") /* the first message was another */ \
	X(REASON_TOKEN_MISSING, "token_missing")                                     \
	X(REASON_TOKEN_MALFORMED, "token_malformed")                                 \
	X(REASON_TOKEN_ALGORITHM, "token_algorithm")                                 \
	X(REASON_TOKEN_SIGNATURE, "token_signature")                                 \
	X(REASON_TOKEN_EXPIRED, "token_expired")                                     \
	X(REASON_TOKEN_NOT_YET, "token_not_yet")                                     \
	X(REASON_TOKEN_CLAIMS, "token_claims")                                       \
	X(REASON_TOKEN_REVOKED, "token_revoked")                                     \
	X(REASON_TOKEN_PUBLISHER_KEY, "token_publisher_key")                         \
	X(REASON_OTHER, "other")

/*
 * How a connection ended: with the code of the close frame, whoever sent it first; or without
 * one. A stream of events has the code that a WebSocket would have got. What was refused by HTTP
 * is not here.
 */
#define STATISTICS_ENDS(X)                           \
	X(1000)                                      \
	X(1001)                                      \
	X(1002)                                      \
	X(1003)                                      \
	X(1005) /* a close frame without a code */   \
	X(1006) /* vanished without a close frame */ \
	X(1007)                                      \
	X(1008)                                      \
	X(1009)                                      \
	X(1011)                                      \
	X(1013)                                      \
	X(4401)                                      \
	X(4403)                                      \
	X(4408)                                      \
	X(4409)                                      \
	X(4429)

enum statistics_reason {
#define X(enumerator, name) enumerator,
	STATISTICS_REASONS(X)
#undef X
		STATISTICS_REASONS_COUNT,
};

enum statistics_end {
#define X(code) END_##code,
	STATISTICS_ENDS(X)
#undef X
		END_OTHER, /* another code */
	END_STREAM,	   /* a client has left its stream of events */
	END_UNFINISHED,	   /* vanished before its request was complete */
	STATISTICS_ENDS_COUNT,
};

/* Why every client was told to fetch anew. */
enum statistics_resync {
	RESYNC_FEED_LOST, /* the log was gone before it was read */
	RESYNC_NEW_EPOCH,
	STATISTICS_RESYNCS,
};

enum { STATISTICS_BOUNDS = 16 /* of the histogram */ };

/* How long changes took from the store to the sockets of all who were told at once. */
struct histogram {
	uint64_t counts[STATISTICS_BOUNDS + 1]; /* up to each bound; the last is of all above */
	uint64_t sum;				/* microseconds */
};

/* A zeroed struct has counted nothing. There is nothing to release. */
struct statistics {
	uint32_t begun;		/* seconds of the loop's clock */
	uint64_t opened;	/* connections */
	uint64_t upgraded;	/* of them, to WebSocket */
	uint64_t streams;	/* of them, to streams of events */
	uint64_t authenticated; /* of both */
	uint64_t refused[STATISTICS_REASONS_COUNT];
	uint64_t closed[STATISTICS_ENDS_COUNT];
	uint64_t messages_in, messages_out;
	uint64_t bytes_out; /* everything that was sent to clients */
	uint64_t changes[CHANGE_KINDS_COUNT];
	uint64_t conflations; /* times that messages began to be dropped for a slow client */
	uint64_t stalls;      /* clients that were closed because they took nothing */
	uint64_t resyncs[STATISTICS_RESYNCS];
	int64_t age; /* microseconds of the newest change when it was read */
	struct histogram latency;
};

/* Counts a refusal; `code` is one of the names above, anything else is "other". */
void statistics_refused(struct statistics *statistics, const char *code);

/* Counts the end of a connection, with this code of a close frame. */
void statistics_closed(struct statistics *statistics, unsigned code);

/* A change was read from the feed; and, behind it, what it caused was sent. */
void statistics_read(struct statistics *statistics, const struct change *change);
void statistics_delivered(struct statistics *statistics, const struct change *change);

/* Counts so many microseconds; less than none are none. */
void histogram_add(struct histogram *histogram, int64_t microseconds);

/* Appends all as one JSON object, with how things are at the moment. */
void statistics_format(struct buffer *to, const struct hub *hub);
