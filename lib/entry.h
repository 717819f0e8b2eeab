/*
 * An entry: one thing that the store keeps, as export gives it and import takes it. All
 * entries together are the whole content of a store; the order in which they come (that of
 * the kinds) is one in which they can be put into another.
 *
 * As text an entry is a JSON object on a line:
 *
 *	BROADCAST	the notification as in the contract, without userId
 *	USER		{"user":U,"since":ID,"seen":ID}
 *	MARK		{"user":U,"broadcast":ID} and "readAt" or "deleted":true or neither
 *	NOTIFICATION	the notification as in the contract; its id may be missing when read,
 *			and is made from createdAt then
 *
 * What is read need not say createdAt (it is now), read (false) and readAt (createdAt).
 */
#pragma once

#include "lib/notification.h"

enum entry_kind { ENTRY_BROADCAST, ENTRY_USER, ENTRY_MARK, ENTRY_NOTIFICATION, ENTRY_KINDS };

struct entry {
	enum entry_kind kind;
	struct slice user; /* all but BROADCAST */
	/*
	 * BROADCAST, NOTIFICATION: all of it, an id of zeros where it is to be made. MARK: the
	 * broadcast's id and when it was read.
	 */
	struct notification notification;
	bool deleted;	   /* MARK: the user has deleted the broadcast */
	struct uuid since; /* USER: broadcasts up to this one are not for this user */
	struct uuid seen;  /* USER: the newest notification when the panel was last opened */
	void *memory;	   /* what the slices point into, if entry_parse() made it */
};

/* Its bytes, for the store's socket. A decoder turns failed at what no entry can be. */
void entry_encode(struct buffer *to, const struct entry *entry);
void entry_decode(struct decoder *from, struct entry *ret_entry);

/*
 * Appends the JSON text, without a line break. What it writes is what it writes again of what
 * entry_parse() reads in it. Of a mark that is deleted it does not tell when it was read.
 */
void entry_format(struct buffer *to, const struct entry *entry);

enum { ENTRY_INVALID = 1 };

/*
 * Reads and checks the JSON text; content as draft_parse() does, but that expiresAt may lie in
 * the past. `now`, milliseconds since the epoch, is createdAt where that is missing, and no
 * other time may be more than a day later. Returns 0 and an entry that entry_release() frees, ENTRY_INVALID with at
 * least one entry in *problems, or -ENOMEM.
 */
int entry_parse(struct slice json, int64_t now, struct problems *problems, struct entry *ret_entry);

void entry_release(struct entry *entry);
