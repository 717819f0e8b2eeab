/*
 * What users look at while all the rest goes on. What was acknowledged must be
 * there at once, not only in the end.
 */
#include "tests/crash/operation.h"

static bool begin_get(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	char id[UUID_SIZE];

	if (!ledger_choose(ledger, operation->user, &operation->number))
		return false;
	uuid_format(&ledger->notices[operation->number].id, id);
	snprintf(text->path, sizeof(text->path), "/%s", id);
	return true;
}

static bool settle_get(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	uint32_t number;

	if (reply->status == 404)
		return !ledger_is_expected(ledger, operation->user, operation->number);
	return reply->status == 200 && number_of(member(reply->body, "notification"), &number) &&
	       number == operation->number;
}

static bool begin_list(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	(void)ledger;
	(void)operation;
	strcpy(text->path, "/");
	text->query = "limit=20";
	return true;
}

/* Whether somebody asked for this, and it has the id that he was told. */
static bool was_wanted(const struct ledger *ledger, unsigned user, struct json_object *notification)
{
	const struct notice *notice;
	uint32_t number;
	struct uuid id;

	if (!number_of(notification, &number) || number >= ledger->count ||
		!id_of(notification, &id))
		return false;
	notice = &ledger->notices[number];
	if (notice->user != user && notice->user != EVERYBODY)
		return false;
	return notice->standing != ACKNOWLEDGED || uuid_compare(&notice->id, &id) == 0;
}

bool list_is_right(const struct ledger *ledger, unsigned user, struct json_object *list)
{
	bool right = json_object_is_type(list, json_type_array);

	for (size_t i = 0; right && i < json_object_array_length(list); i++)
		right = was_wanted(ledger, user, json_object_array_get_idx(list, i));
	return right;
}

static bool settle_list(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	return reply->status == 200 &&
	       list_is_right(ledger, operation->user, member(reply->body, "notifications"));
}

static bool begin_count(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	(void)ledger;
	(void)operation;
	strcpy(text->path, "/unread-count");
	return true;
}

static bool settle_count(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	(void)ledger;
	(void)operation;
	return reply->status == 200 && member(reply->body, "unreadCount");
}

const struct operation_kind look_kinds[] = {
	{ "get", "GET", 100, begin_get, settle_get },
	{ "list", "GET", 60, begin_list, settle_list },
	{ "count", "GET", 30, begin_count, settle_count },
	{ 0 },
};
