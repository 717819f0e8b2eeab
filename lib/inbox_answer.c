/*
 * What an answer of the store holds, taken from it item by item; whichever engine gave it. See
 * lib/inbox.h.
 */
#include "lib/inbox.h"

bool inbox_next_notification(struct inbox_answer *answer, struct notification *ret_notification)
{
	struct notification notification = { 0 };

	if (answer->items == 0)
		return false;
	answer->items--;
	notification.id = decode_uuid(&answer->at);
	notification_decode(&answer->at, &notification);
	if (answer->at.failed)
		return false;
	*ret_notification = notification;
	return true;
}

bool inbox_next_change(struct inbox_answer *answer, struct change *ret_change)
{
	struct slice record;

	if (answer->items == 0)
		return false;
	answer->items--;
	record = decode_long(&answer->at);
	return !answer->at.failed && change_parse(record, ret_change) == 0;
}

bool inbox_next_entry(struct inbox_answer *answer, struct entry *ret_entry)
{
	struct entry entry;

	if (answer->items == 0)
		return false;
	answer->items--;
	entry_decode(&answer->at, &entry);
	if (answer->at.failed)
		return false;
	*ret_entry = entry;
	return true;
}

bool inbox_next_statistics(struct inbox_answer *answer, struct slice *ret_json)
{
	struct slice json;

	if (answer->items == 0)
		return false;
	answer->items--;
	json = decode_long(&answer->at);
	if (answer->at.failed)
		return false;
	*ret_json = json;
	return true;
}

struct notification inbox_created(const struct inbox_answer *answer, const struct draft *draft,
	unsigned index)
{
	return (struct notification){
		.id = uuid_add(&answer->next, index),
		.type = draft->type,
		.broadcast = draft->user.len == 0,
		.created = (int64_t)answer->affected,
		.expires = draft->expires,
		.category = draft->category,
		.content = draft->content,
	};
}

void inbox_answer_release(struct inbox_answer *answer)
{
	buffer_release(&answer->storage);
	*answer = (struct inbox_answer){ 0 };
}
