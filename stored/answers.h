/*
 * The answers of a batch, encoded, and whose they are. A zeroed struct is empty.
 *
 * While its answer is here a client counts it as due, and so stays.
 */
#pragma once

#include "lib/buffer.h"
#include "stored/client.h"
#include "stored/store.h"

struct answers {
	struct buffer frames; /* one after the other */
	struct buffer owners; /* a struct answer_owner for each */
};

struct answer_owner {
	struct client *client;
	size_t bytes; /* of its frame */
};

/*
 * Adds an answer to a request that was counted as due. status is 0 or an enum
 * inbox_status; reply is needed for status 0 only.
 */
void answers_add(struct answers *answers, struct client *client, uint32_t number,
	uint8_t operation, int status, const struct store_reply *reply);

size_t answers_count(const struct answers *answers);

/* How far it has come, to take back what was added since: of a transaction that failed. */
struct answers_mark {
	size_t frames, owners;
};

struct answers_mark answers_mark(const struct answers *answers);
void answers_return_to(struct answers *answers, struct answers_mark mark);

/* 0, or -ENOMEM: an answer is missing, and they must not be delivered. */
int answers_status(const struct answers *answers);

/* Appends each to its client's output, and empties the struct, whose memory it keeps. */
void answers_deliver(struct answers *answers);

/* Drops them all and frees the memory. */
void answers_release(struct answers *answers);
