/*
 * What tidings-away remembers, as bytes: a run of records, each the newest word on what it is
 * about. They follow a line with the format's name and version, RECORD_HEAD.
 *
 *	u32 length of what follows the sum, u32 sum (the first of its SHA-256), u8 kind, then of
 *	RECORD_READ	u32 log file, uuid
 *	RECORD_WAITING	short user, uuid from, uuid upto, uuid delivery, uuid last, u32 tries, u64 due
 *	RECORD_GONE	short user
 *
 * Integers are big endian. A process that is killed can leave half a record at the end.
 */
#pragma once

#include "away/agenda.h"

#define RECORD_HEAD "tidings-away 1\n"

enum record_kind {
	RECORD_READ = 1, /* how far the log was read */
	RECORD_WAITING,
	RECORD_GONE, /* nothing waits of this user any more */
};

struct record {
	enum record_kind kind;
	uint32_t file;	  /* READ: the log file to read from its beginning … */
	struct uuid seen; /* … but for notifications up to this one */
	struct slice user;
	struct waiting waiting; /* WAITING: what is saved of it; the name is `user` */
};

enum { RECORD_MAX = 512 /* bytes */ };

void record_encode_read(struct buffer *to, uint32_t file, const struct uuid *seen);
void record_encode_waiting(struct buffer *to, const struct waiting *waiting);
void record_encode_gone(struct buffer *to, struct slice user);

/* Appends these bytes with their length and sum; the above do. */
void record_seal(struct buffer *to, struct slice payload);

/* Takes the next record off. Returns 0, -ENODATA at the end, or -EBADMSG; its slice points there. */
int record_take(struct slice *bytes, struct record *ret_record);
