/*
 * The answer to a request: status, header fields and a body, gathered in
 * memory and written at once, so that whatever goes wrong half-way can still
 * become a whole error answer.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/change.h"
#include "lib/notification.h"

#include <stdbool.h>

struct answer {
	unsigned status;
	const char *type;	   /* of the body; NULL = "application/json" */
	const char *code;	   /* the word for an error, static; NULL = none */
	const char *cache_control; /* NULL = "no-store" */
	struct buffer headers;	   /* whole lines; for answer_header() */
	struct buffer body;
};

void answer_release(struct answer *answer);

/* Adds a header field. A value with control characters in it is left out. */
void answer_header(struct answer *answer, const char *name, const char *value);

/*
 * Makes it the error of the contract: the status's own code, or `code`; a
 * sentence for a person, in UTF-8. Replaces what the body held; a 503 gets
 * Retry-After.
 */
void answer_refuse(struct answer *answer, unsigned status, const char *sentence);
void answer_refuse_as(struct answer *answer, unsigned status, const char *code,
	const char *sentence);

/* 400, with all that is wrong in `details`. */
void answer_problems(struct answer *answer, const char *sentence, const struct problems *problems);

/* Appends the members unreadCount, unseenCount and seq, without braces. */
void answer_counts(struct buffer *to, const struct counts *counts);

/*
 * Appends the whole answer as CGI has it (RFC 3875, section 6), without the body
 * if it is for a HEAD request. Returns 0, or -ENOMEM if a part could not be
 * gathered.
 */
int answer_format(struct buffer *to, const struct answer *answer, bool head);
