/*
 * The change record: what stored writes to the database's log, in the
 * transaction that makes the change, and what pushd reads from there.
 *
 * One request that changes something for one user is one change: it adds one to
 * the user's `seq`, and the record bears the counts that it led to. The record
 * is a line of text (stock db_printlog shows it):
 *
 *	KIND SEQ TOTAL UNREAD UNSEEN TIME USERLENGTH:USER ID[,ID...] [JSON]
 *
 * ID is "-" where the change names none; JSON is the whole notification of a
 * created one; an epoch's record bears its name in the place of USER. TIME is milliseconds, in
 * the log with the microseconds of the moment at which the record was made, so that it can be
 * told how long the way to the client took: 1800000000123.456. Without them nobody knows.
 *
 * A broadcast change is one for all users: its record has no USER ("0:"), SEQ is the number
 * of broadcast changes up to it, and the counts are zero, since each user has others.
 * Records without counts are those of commands, too, which change nothing: what is told
 * to the push daemon is told in the log like everything else.
 *
 * Berkeley DB formats a log message into 2,048 bytes unchecked, so a record goes
 * as one or more messages of at most CHANGE_MESSAGE_MAX bytes,
 *
 *	tidings1 PART/PARTS PIECE
 *
 * all in the same transaction and in order.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/slice.h"
#include "lib/uuid.h"

#include <stdint.h>

/* The one list of kinds: enumerator, name in the record and on the wire. */
#define CHANGE_KINDS(X)                                                                            \
	X(CHANGE_CREATED, "created")                                                               \
	X(CHANGE_READ, "read")                                                                     \
	X(CHANGE_UNREAD, "unread")                                                                 \
	X(CHANGE_DELETED, "deleted")                                                               \
	X(CHANGE_SEEN, "seen")                                                                     \
	X(CHANGE_ALL_READ, "all_read")                                                             \
	X(CHANGE_ALL_DELETED, "all_deleted")                                                       \
	X(CHANGE_READ_DELETED, "read_deleted")                                                     \
	X(CHANGE_EXPIRED, "expired")                                                               \
	X(CHANGE_WITHDRAWN, "withdrawn")                                                           \
	X(CHANGE_FORGOTTEN, "forgotten") /* the user; ends the user's sockets */                   \
	X(CHANGE_REVOKED, "revoked")	 /* no token issued before `time` counts; ends sockets, too */ \
	X(CHANGE_BROADCAST_CREATED, "broadcast_created")                                           \
	X(CHANGE_BROADCAST_WITHDRAWN, "broadcast_withdrawn")                                       \
	X(CHANGE_BROADCAST_EXPIRED, "broadcast_expired")                                           \
	X(CHANGE_EPOCH, "epoch")

enum change_kind {
#define X(enumerator, name) enumerator,
	CHANGE_KINDS(X)
#undef X
	CHANGE_KINDS_COUNT,
};

enum {
	CHANGE_MESSAGE_MAX = 1920, /* bytes of one log message */
	CHANGE_PARTS_MAX = 64,
	CHANGE_IDS_MAX = 1000,
	CHANGE_MAX = CHANGE_PARTS_MAX * CHANGE_MESSAGE_MAX, /* bytes of one record */
};

/* The numbers that every answer and every change bears, as of `seq`. */
struct counts {
	uint64_t seq;
	uint64_t total;
	uint64_t unread;
	uint64_t unseen; /* unread, and created since the user last opened the panel */
};

struct change {
	enum change_kind kind;
	struct counts counts;
	int64_t time;		   /* milliseconds since the epoch */
	unsigned microseconds;	   /* 1 to 999 more, where time is not negative; 0 = not known */
	struct slice user;	   /* of CHANGE_EPOCH: the epoch's name; of broadcasts: empty */
	struct slice ids;	   /* as text, separated by commas; empty = none */
	struct slice notification; /* JSON; only of a created one, with one id */
};

const char *change_kind_name(enum change_kind kind);

/* One of the kinds that concern every user. */
bool change_is_broadcast(enum change_kind kind);

/* The contract's `op`: a created broadcast is "created" as any other. */
const char *change_operation_name(enum change_kind kind);

/* Appends the record's text. */
void change_format(struct buffer *to, const struct change *change);

/* Reads it; the slices point into the text. Returns 0 or -EBADMSG. */
int change_parse(struct slice text, struct change *ret_change);

/* How many messages a record of so many bytes takes; 0 if it is too long. */
unsigned change_parts(size_t record_len);

/* Appends message number `part`, from 1 to `parts`, of a record. */
void change_format_message(struct buffer *to, struct slice record, unsigned part, unsigned parts);

/* Puts messages together again. A zeroed struct is empty. */
struct change_assembler {
	struct buffer record;
	unsigned part;	/* how many have come */
	unsigned parts; /* of how many */
};

enum { CHANGE_COMPLETE = 1, CHANGE_FOREIGN = 2 };

/*
 * Takes the next log message. Returns CHANGE_COMPLETE when assembler->record
 * holds a whole record (until the next call), 0 when more parts must come,
 * CHANGE_FOREIGN for a message that is none of ours, -EBADMSG for a part out of
 * order, -EPROTONOSUPPORT for a message of another version (after both, what was
 * gathered is dropped), or -ENOMEM.
 */
int change_assemble(struct change_assembler *assembler, struct slice message);

/* Drops an unfinished record; keeps the memory. */
void change_assembler_reset(struct change_assembler *assembler);

void change_assembler_release(struct change_assembler *assembler);
