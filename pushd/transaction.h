/*
 * The changes of one transaction of the store, kept until it is known how the
 * transaction ended. Transactions follow one another, so there is one at a time:
 * a message of another one tells that this one will never commit.
 */
#pragma once

#include "lib/change.h"

struct transaction {
	uint32_t id; /* 0 = none */
	bool committed;
	int damage; /* 0, or why the changes cannot be handed out */
	struct change_assembler assembler;
	struct buffer changes; /* each: its length, in the host's byte order, and its text */
	size_t given;	       /* bytes of them that were handed out */
};

/* A transaction with more bytes of changes than this one is not handed out. */
enum { TRANSACTION_MAX = 64 * 1024 * 1024 };

void transaction_init(struct transaction *transaction);
void transaction_release(struct transaction *transaction);

/* Takes a message of transaction `id`, which is not 0; changes of another are dropped. */
void transaction_add(struct transaction *transaction, uint32_t id, struct slice message);

/* Makes the changes ready to be handed out, if they are of this transaction. */
void transaction_commit(struct transaction *transaction, uint32_t id);

/* Whether there is something that was not handed out, be it committed or not. */
bool transaction_is_pending(const struct transaction *transaction);

/* Drops all that is there. */
void transaction_reset(struct transaction *transaction);

enum { TRANSACTION_EMPTY = 1 };

/*
 * Hands out the next change of a committed transaction; its slices live until
 * the next call. Returns 0, or TRANSACTION_EMPTY when there is none; -EBADMSG
 * (a record that cannot be understood), -ENOBUFS (more than TRANSACTION_MAX),
 * -ENOMEM or -EPROTONOSUPPORT if the transaction has committed and not all of
 * its changes can be handed out.
 */
int transaction_next(struct transaction *transaction, struct change *ret_change);
