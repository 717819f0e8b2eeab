/*
 * The inbox: what programs ask of the store, whichever engine keeps it.
 *
 * A request goes out as a struct inbox_request and comes back as a struct
 * inbox_answer. inbox_call() waits for the answer; a program with a loop of its
 * own submits many and is called back. Connections that break are made again,
 * and a request is sent a second time only if it cannot act twice: one that was
 * never sent, a read, a mark. Anything else ends with -ENOTCONN, and its caller
 * must say that the outcome is not known.
 *
 * An inbox belongs to one thread.
 */
#pragma once

#include "lib/change.h"
#include "lib/config.h"
#include "lib/notification.h"

enum inbox_operation {
	INBOX_CREATE = 1,  /* user, draft */
	INBOX_GET,	   /* user, id */
	INBOX_LIST,	   /* user, query */
	INBOX_COUNT,	   /* user */
	INBOX_CHANGES,	   /* user, since, epoch */
	INBOX_MARK_READ,   /* user, id */
	INBOX_MARK_UNREAD, /* user, id */
	INBOX_READ_ALL,	   /* user */
	INBOX_SEEN,	   /* user */
	INBOX_DELETE,	   /* user, id */
	INBOX_DELETE_ALL,  /* user */
	INBOX_DELETE_READ, /* user */
	INBOX_OPERATIONS,
};

enum { INBOX_LIMIT_MAX = 100, INBOX_OFFSET_MAX = 10000, INBOX_ANY_TYPE = -1 };

/* A page of a list, newest first. */
struct inbox_query {
	unsigned limit;	 /* 1 to INBOX_LIMIT_MAX */
	unsigned offset; /* 0 to INBOX_OFFSET_MAX; only without a cursor */
	bool from_cursor;
	struct uuid cursor; /* what a page before gave as next */
	bool unread;	    /* only these */
	int type;	    /* enum notification_type, or INBOX_ANY_TYPE */
	struct slice category; /* empty = any */
};

/* Which members count is said at each operation; the others are ignored. */
struct inbox_request {
	enum inbox_operation operation;
	struct slice user;
	struct uuid id;
	struct inbox_query query;
	uint64_t since;	    /* the `seq` that was last applied … */
	struct slice epoch; /* … and the epoch it belongs to */
	const struct draft *draft;
};

/* What kept a request from being done. */
enum inbox_status {
	INBOX_NOT_FOUND = 1,
	INBOX_FORBIDDEN,    /* this program may not ask that */
	INBOX_INVALID,	    /* the request broke a rule */
	INBOX_STORAGE_FULL, /* nothing was changed; reads go on */
	INBOX_BUSY,	    /* nothing was changed; try again in a second */
	INBOX_FAILED,	    /* the store could not do it, and logged why */
	INBOX_STATUSES,
};

/* Slices live until the callback returns, or until inbox_answer_release(). */
struct inbox_answer {
	struct counts counts;
	uint64_t affected; /* READ_ALL, DELETE_ALL, DELETE_READ: how many it changed */
	bool more;	   /* LIST: `next` is the cursor of the next page */
	struct uuid next;
	bool reset;	       /* CHANGES: what was missed cannot be told */
	unsigned items;	       /* notifications, or change records */
	struct decoder at;     /* for inbox_next_…() */
	struct buffer storage; /* inbox_call() only: what the slices point into */
};

/*
 * Take the next item of an answer: the notifications of CREATE, GET, LIST and
 * the marks; the change records (text, see lib/change.h) of CHANGES. Return
 * false when there are no more.
 */
bool inbox_next_notification(struct inbox_answer *answer, struct notification *ret_notification);
bool inbox_next_change(struct inbox_answer *answer, struct change *ret_change);

void inbox_answer_release(struct inbox_answer *answer);

struct inbox;

/* Returns 0 or -errno; connects only when there is something to send. config must outlive it. */
int inbox_new(const struct config *config, struct inbox **ret_inbox);

/* Ends it; requests under way end with -ECANCELED. Returns NULL. */
struct inbox *inbox_free(struct inbox *inbox);

DEFINE_CLEANUP(struct inbox *, inbox_free)

/*
 * Does one request and waits for it, at most `timeout` milliseconds in all.
 * Returns 0 and an answer to release; an enum inbox_status; -ETIMEDOUT; or the
 * -errno of the connection.
 */
int inbox_call(struct inbox *inbox, const struct inbox_request *request, int timeout,
	struct inbox_answer *ret_answer);

/* result as inbox_call() returns it; answer is NULL unless result is 0. May submit more. */
typedef void inbox_answered(void *context, int result, struct inbox_answer *answer);

/*
 * Queues a request, to be sent by inbox_dispatch(). The request is copied. Returns 0, or
 * -errno, and then nobody is called (-EINVAL: not a valid user; -EMSGSIZE).
 */
int inbox_submit(struct inbox *inbox, const struct inbox_request *request, inbox_answered *answered,
	void *context);

/* Takes back a request whose context is about to vanish: it is done, but nobody is called. */
void inbox_forget(struct inbox *inbox, const void *context);

/*
 * Connects if there is no connection, sends what is queued, reads what has come
 * and calls back. Never blocks. Returns 0, or the -errno that ended the
 * connection: call again later (a second, say) to get a new one.
 */
int inbox_dispatch(struct inbox *inbox);

/* What to wait for before the next inbox_dispatch(); -1 = there is no connection. */
int inbox_fd(const struct inbox *inbox);
bool inbox_wants_write(const struct inbox *inbox);

/* What the store says of itself when a connection is made. */
struct inbox_greeting {
	char epoch[64];	     /* the life of the store, see the contract's section 4 */
	uint32_t log_file;   /* the end of the log at that moment … */
	uint32_t log_offset; /* … as the feed counts it */
};

/* Ends the connection, so that the next inbox_dispatch() makes a new one with a new greeting. */
void inbox_disconnect(struct inbox *inbox);

/* Whether the store has greeted on this connection. */
bool inbox_greeted(const struct inbox *inbox);

/* Of the newest connection; NULL before the first. */
const struct inbox_greeting *inbox_greeting(const struct inbox *inbox);
