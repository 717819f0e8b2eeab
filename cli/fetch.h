/*
 * HTTP as a client, by libcurl: one answer, or a connection on which the caller speaks HTTP
 * itself, for what goes on behind the head.
 */
#pragma once

#include "lib/buffer.h"

#include <stdint.h>

/* Zeroed it is empty. */
struct fetch_answer {
	unsigned status;
	int64_t date;	   /* what the server's clock says, seconds since the epoch; -1 = nothing */
	struct buffer server; /* how it calls itself */
	struct buffer body;
};

void fetch_answer_release(struct fetch_answer *answer);

enum { FETCH_PROBLEM_SIZE = 256 };

/*
 * Gets BASE PATH, with a bearer token unless that is NULL, within `timeout` milliseconds. Returns
 * 0 and an answer to release, whatever its status; or -EIO with a sentence in `problem`.
 */
int fetch_get(const char *base, const char *path, const char *token, int timeout,
	struct fetch_answer *ret_answer, char problem[static FETCH_PROBLEM_SIZE]);

struct fetch;

/*
 * Connects to the host of this URL, and sends it a request for BASE PATH with these headers, whole
 * lines. Returns 0, or -EIO or -ENOMEM with a sentence in `problem`.
 */
int fetch_open(const char *base, const char *path, const char *headers, int timeout,
	struct fetch **ret_fetch, char problem[static FETCH_PROBLEM_SIZE]);

/* Returns NULL. */
struct fetch *fetch_close(struct fetch *fetch);

DEFINE_CLEANUP(struct fetch *, fetch_close)

/* Sends these few bytes. Returns 0 or -EIO. */
int fetch_send(struct fetch *fetch, struct slice bytes);

/*
 * Appends what comes next, within `timeout` milliseconds. Returns 0, -ETIMEDOUT, -ECONNRESET:
 * the server has ended the connection, -EIO, -ENOMEM or -ENOBUFS.
 */
int fetch_receive(struct fetch *fetch, struct buffer *to, int timeout);
