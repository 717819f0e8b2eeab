/*
 * Changes that wait for their commit, see transaction.h.
 *
 * Damage counts only once the transaction commits: what a rolled back one said
 * is of no interest. The memory of a large transaction is given back.
 */
#include "pushd/transaction.h"

#include <errno.h>

enum { KEEP_MAX = 1024 * 1024 };

void transaction_init(struct transaction *transaction)
{
	*transaction = (struct transaction){ .changes.limit = TRANSACTION_MAX };
}

void transaction_release(struct transaction *transaction)
{
	change_assembler_release(&transaction->assembler);
	buffer_release(&transaction->changes);
}

void transaction_reset(struct transaction *transaction)
{
	change_assembler_reset(&transaction->assembler);
	if (transaction->changes.size > KEEP_MAX)
		buffer_release(&transaction->changes);
	buffer_clear(&transaction->changes);
	transaction->id = 0;
	transaction->committed = false;
	transaction->damage = 0;
	transaction->given = 0;
}

static void transaction_keep(struct transaction *transaction, struct slice record)
{
	uint32_t len = (uint32_t)record.len;

	buffer_append(&transaction->changes, &len, sizeof(len));
	buffer_append_slice(&transaction->changes, record);
	transaction->damage = buffer_status(&transaction->changes);
}

void transaction_add(struct transaction *transaction, uint32_t id, struct slice message)
{
	int r;

	if (transaction->id != id)
		transaction_reset(transaction);
	transaction->id = id;
	if (transaction->damage < 0)
		return;
	r = change_assemble(&transaction->assembler, message);
	if (r < 0)
		transaction->damage = r;
	else if (r == CHANGE_COMPLETE)
		transaction_keep(transaction, buffer_slice(&transaction->assembler.record));
}

void transaction_commit(struct transaction *transaction, uint32_t id)
{
	if (transaction->id != id)
		return; /* one without changes, which says nothing about this one */
	transaction->committed = true;
	if (transaction->assembler.part < transaction->assembler.parts && transaction->damage == 0)
		transaction->damage = -EBADMSG;
}

bool transaction_is_pending(const struct transaction *transaction)
{
	return transaction->id != 0 &&
	       (!transaction->committed || transaction->given < transaction->changes.len);
}

int transaction_next(struct transaction *transaction, struct change *ret_change)
{
	const struct buffer *changes = &transaction->changes;
	struct slice text;
	uint32_t len;
	int r;

	if (!transaction->committed)
		return TRANSACTION_EMPTY;
	if (transaction->damage < 0)
		return transaction->damage;
	if (transaction->given == changes->len) {
		transaction_reset(transaction);
		return TRANSACTION_EMPTY;
	}
	memcpy(&len, changes->data + transaction->given, sizeof(len));
	text.data = changes->data + transaction->given + sizeof(len);
	text.len = len;
	r = change_parse(text, ret_change);
	if (r < 0)
		return r;
	transaction->given += sizeof(len) + len;
	return 0;
}
