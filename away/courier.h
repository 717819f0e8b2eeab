/*
 * A courier: a process of its own that hands over one delivery, within a time limit. It is
 * the configured program, or one that posts to the configured address.
 */
#pragma once

#include "away/signature.h"
#include "lib/config.h"

#include <systemd/sd-event.h>

/* What a courier ends with, as a process; the words are those of <sysexits.h>. */
enum {
	COURIER_DONE = 0,
	COURIER_REFUSED = 69,	/* posting: the receiver does not want it */
	COURIER_TRY_LATER = 75, /* also one that took too long */
};

enum { COURIER_WORDS_MAX = 64 };

/* The words of `run`, which are divided by blanks and have no quotes; ended by NULL. */
struct courier_words {
	char *text;
	char *words[COURIER_WORDS_MAX + 1];
};

/* Returns 0, -E2BIG or -ENOMEM; to release in either case. */
int courier_words_init(struct courier_words *words, const char *text);
void courier_words_release(struct courier_words *words);

struct courier_job {
	const struct config *config;
	const struct courier_words *words; /* NULL = post it */
	const struct secret *secret;	   /* to post with */
	const char *id;			   /* of the delivery */
	struct slice body;		   /* JSON */
};

/*
 * `status` is what it ended with, or -1 if a signal ended it; `retry_after` the seconds that the
 * receiver asks to be left alone, 0 = none. The courier is no more when this returns.
 */
typedef void courier_done(void *context, int status, unsigned retry_after);

struct courier;

/* Starts one; the job need not outlive the call. Returns 0 or -errno. */
int courier_start(sd_event *event, const struct courier_job *job, courier_done *done, void *context,
	struct courier **ret_courier);

/* Kills it, and tells nobody. Returns NULL. */
struct courier *courier_free(struct courier *courier);

DEFINE_CLEANUP(struct courier *, courier_free)
