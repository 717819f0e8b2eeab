/*
 * Many drafts from one text, {"notifications": [...]}: each keeps to the rules of
 * lib/draft.c, and one that breaks them spoils all.
 */
#pragma once

#include "lib/notification.h"

struct draft_batch {
	unsigned count;
	struct draft *drafts;
};

/*
 * Reads 1 to INBOX_DRAFTS_MAX notifications for users, as draft_parse() reads one; problems
 * name their fields like "notifications[3].title". Returns 0 and a batch to release,
 * DRAFT_INVALID with at least one entry in *problems, or -ENOMEM.
 */
int draft_batch_parse(struct slice json, int64_t now, struct problems *problems,
	struct draft_batch *ret_batch);

/* The same for the text of one notification: a batch of one. */
int draft_batch_parse_one(struct slice json, enum draft_kind kind, int64_t now,
	struct problems *problems, struct draft_batch *ret_batch);

void draft_batch_release(struct draft_batch *batch);
