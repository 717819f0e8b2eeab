/*
 * The inbox: what programs ask of the store, whichever engine keeps it.
 *
 * A request goes out as a struct inbox_request and comes back as a struct
 * inbox_answer. inbox_call() waits for the answer; a program with a loop of its
 * own submits many and is called back. Connections that break are made again,
 * and a request is sent a second time only if it cannot act twice: one that was
 * never sent, a read, a mark, a create with a key, an import whose entries have their
 * ids. Anything else ends with -ENOTCONN, and its caller must say that the outcome is not
 * known.
 *
 * An inbox belongs to one thread.
 */
#pragma once

#include "lib/change.h"
#include "lib/config.h"
#include "lib/entry.h"
#include "lib/notification.h"

enum inbox_operation {
	INBOX_CREATE = 1,	  /* drafts, each for a user: all or none */
	INBOX_GET,		  /* user, id */
	INBOX_LIST,		  /* user, query */
	INBOX_COUNT,		  /* user */
	INBOX_CHANGES,		  /* user, since, epoch */
	INBOX_MARK_READ,	  /* user, id */
	INBOX_MARK_UNREAD,	  /* user, id */
	INBOX_READ_ALL,		  /* user */
	INBOX_SEEN,		  /* user */
	INBOX_DELETE,		  /* user, id */
	INBOX_DELETE_ALL,	  /* user */
	INBOX_DELETE_READ,	  /* user */
	INBOX_BROADCAST,	  /* drafts: one, for everybody */
	INBOX_WITHDRAW,		  /* user, id: what DELETE does, but by the publisher */
	INBOX_WITHDRAW_BROADCAST, /* id */
	INBOX_FORGET,		  /* user */
	INBOX_REVOKE,		  /* user: every token issued before now */
	INBOX_EXPORT,		  /* position, user (empty = all) */
	INBOX_IMPORT,		  /* entries: those that are there already stay as they are */
	INBOX_BACKUP,		  /* nothing: copies the store into its directory `backup` */
	INBOX_BACKUP_END,	  /* nothing: removes that copy */
	INBOX_STATISTICS,	  /* nothing: what the store has counted since its start */
	INBOX_OPERATIONS,
};

enum {
	INBOX_LIMIT_MAX = 100,
	INBOX_OFFSET_MAX = 10000,
	INBOX_ANY_TYPE = -1,
	INBOX_DRAFTS_MAX = 1000,   /* of one CREATE */
	INBOX_ENTRIES_MAX = 1000,  /* of one IMPORT or of one answer to EXPORT */
	INBOX_POSITION_MAX = 512,  /* bytes */
	INBOX_BROADCASTS_MAX = 1000, /* live at a time */
	INBOX_DIGEST_BYTES = 32,   /* SHA-256 */
};

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

/*
 * In whose name a program asks. The store refuses a caller whose token was revoked, and
 * remembers one who asks about their own inbox: from then on they get broadcasts. A
 * program that asks for itself leaves it empty.
 */
struct inbox_caller {
	struct slice name; /* the user of the token, or as publisher_of() reads it; empty = nobody */
	int64_t issued;	   /* the token was; seconds since the epoch, 0 = it does not say */
};

/*
 * What makes a second attempt of a CREATE or BROADCAST give the answer of the first, for a
 * day. `key` is of what names the attempt, `body` of what was asked for; both are known to
 * the store as digests only. A key counts among those of the same caller.
 */
struct inbox_once {
	uint8_t key[INBOX_DIGEST_BYTES];
	uint8_t body[INBOX_DIGEST_BYTES];
};

/* Which members count is said at each operation; the others are ignored. */
struct inbox_request {
	enum inbox_operation operation;
	struct slice user;
	struct inbox_caller caller;
	struct uuid id;
	struct inbox_query query;
	uint64_t since;	    /* the `seq` that was last applied … */
	struct slice epoch; /* … and the epoch it belongs to */
	const struct draft *drafts;
	unsigned draft_count;	       /* 1 to INBOX_DRAFTS_MAX */
	const struct inbox_once *once; /* CREATE, BROADCAST; NULL = each attempt stands for itself */
	bool only_repeat; /* with `once`: INBOX_NOT_FOUND unless there was an earlier attempt */
	struct slice position;	       /* what the answer before gave; empty = the beginning */
	const struct entry *entries;
	unsigned entry_count; /* 1 to INBOX_ENTRIES_MAX */
};

/* What kept a request from being done. */
enum inbox_status {
	INBOX_NOT_FOUND = 1,
	INBOX_FORBIDDEN,    /* this program may not ask that */
	INBOX_INVALID,	    /* the request broke a rule */
	INBOX_STORAGE_FULL, /* nothing was changed; reads go on */
	INBOX_BUSY,	    /* nothing was changed; try again in a second */
	INBOX_FAILED,	    /* the store could not do it, and logged why */
	INBOX_REVOKED,	    /* the caller's token is no longer good */
	INBOX_CONFLICT,	    /* the key was used with another body */
	INBOX_TOO_MANY,	    /* there are INBOX_BROADCASTS_MAX live broadcasts */
	INBOX_STATUSES,
};

/* Slices live until the callback returns, or until inbox_answer_release(). */
struct inbox_answer {
	struct counts counts;	/* of the user; zeros where there is none or many */
	uint64_t broadcasts;	/* how many broadcast changes counts.seq includes */
	int64_t tokens_valid_from; /* of the user; seconds since the epoch, 0 = all are good */
	/*
	 * READ_ALL, DELETE_ALL, DELETE_READ, IMPORT: how many it changed; CREATE,
	 * BROADCAST: when, in milliseconds since the epoch.
	 */
	uint64_t affected;
	bool more;	   /* LIST: `next` is the cursor of the next page; EXPORT: there is more */
	struct uuid next;  /* CREATE, BROADCAST: the identifier of the first */
	bool reset;	   /* CHANGES: what was missed cannot be told */
	bool replayed;	   /* CREATE, BROADCAST: it was done by an earlier attempt */
	bool stranger;	   /* the user is not known: no broadcast is for them */
	struct slice position; /* EXPORT: where to go on */
	unsigned items;	       /* notifications, change records, entries, or the statistics */
	struct decoder at;     /* for inbox_next_…() */
	struct buffer storage; /* inbox_call() only: what the slices point into */
};

/*
 * Take the next item of an answer: the notifications of GET, LIST and the marks; the
 * change records (text, see lib/change.h) of CHANGES; the entries of EXPORT; the one of
 * STATISTICS, the JSON text of an object, see tidings-stored(8). Return false when there are
 * no more.
 *
 * Among the changes are the broadcast ones, with `seq` as the user counts it, but with
 * counts only if it is the last.
 */
bool inbox_next_notification(struct inbox_answer *answer, struct notification *ret_notification);
bool inbox_next_change(struct inbox_answer *answer, struct change *ret_change);
bool inbox_next_entry(struct inbox_answer *answer, struct entry *ret_entry);
bool inbox_next_statistics(struct inbox_answer *answer, struct slice *ret_json);

/* What CREATE or BROADCAST has made of drafts[index]; its slices are the draft's. */
struct notification inbox_created(const struct inbox_answer *answer, const struct draft *draft,
	unsigned index);

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
