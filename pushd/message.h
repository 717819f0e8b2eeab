/*
 * The messages of the contract, server to client. Each function writes one JSON
 * object into a message that message_begin() has prepared. What a client's connection
 * wraps around it is put right before and behind it, so that one piece of memory goes to
 * the socket, and the same message can go to clients of either kind.
 */
#pragma once

#include "lib/change.h"
#include "lib/inbox.h"
#include "lib/token.h"

/* A zeroed struct is ready for message_begin(). */
struct message {
	struct buffer text; /* room for what is put before it, then the JSON */
	const char *type;   /* constant, at most EVENT_STREAM_TYPE_MAX bytes */
	uint64_t seq;	    /* of the counts that it bears; MESSAGE_NO_SEQ if it bears none */
};

#define MESSAGE_NO_SEQ UINT64_MAX

void message_begin(struct message *to);
void message_release(struct message *message);

/*
 * The message in a WebSocket frame; or as a server-sent event, whose id is `epoch` (at
 * most EVENT_STREAM_EPOCH_MAX bytes) and the message's seq, if it has one. Empty if memory ran out.
 * One may be asked for after the other, each for as many clients as there are; what was
 * returned last is good until the next call.
 */
struct slice message_frame(struct message *message);
struct slice message_event(struct message *message, const char *epoch);

void message_auth_required(struct message *to);
void message_auth_failed(struct message *to, enum token_error error);

/* expires: seconds since the epoch. */
void message_connected(struct message *to, const char *epoch, int64_t expires);
void message_token_expiring(struct message *to, int64_t expires);
void message_unread_count(struct message *to, const struct counts *counts);
void message_ping(struct message *to);
void message_pong(struct message *to);
void message_error(struct message *to, const char *code, const char *sentence);

/*
 * "new_notification" in two pieces, since a broadcast is told to many: the head is the same
 * for all of them, and its end is returned; the counts of each reader follow in the tail,
 * which takes the place of what may stand behind the head.
 */
size_t message_new_head(struct message *to, const struct change *change);
void message_new_tail(struct message *to, size_t head, const struct counts *counts);

/* Both. */
void message_new_notification(struct message *to, const struct change *change);

/*
 * changes: JSON objects separated by commas, empty = the member is left out; latest: the
 * JSON of the newest notifications, separated by commas.
 */
void message_update(struct message *to, const struct counts *counts, struct slice changes,
	struct slice latest, bool reset);

/* Appends what message_update() takes as changes: one more. */
void message_add_changes(struct buffer *changes, const struct change *change);

/*
 * Appends the JSON of an answer's notifications, separated by commas, as many as
 * fit into `max` bytes. Returns false if it stopped before the end: then *ret_last is
 * the last one that is there.
 */
bool message_add_notifications(struct buffer *to, struct inbox_answer *answer, size_t max,
	struct uuid *ret_last);

/* next is NULL on the last page. */
void message_list(struct message *to, const struct counts *counts, struct slice notifications,
	const struct uuid *next);
