/* What users change: one or all at once, marks by all of them, deletions by a third. */
#include "tests/crash/operation.h"

enum { DELETING_USERS = 3 /* one of so many */ };

static bool may_delete(const struct operation *operation)
{
	return operation->user % DELETING_USERS == 0;
}

static void set_path(struct operation_text *text, const struct ledger *ledger, uint32_t number,
	const char *rest)
{
	char id[UUID_SIZE];

	uuid_format(&ledger->notices[number].id, id);
	snprintf(text->path, sizeof(text->path), "/%s%s", id, rest);
}

static bool begin_change(struct ledger *ledger, struct operation *operation,
	struct operation_text *text, enum usage usage, const char *rest)
{
	if (!ledger_choose(ledger, operation->user, &operation->number) ||
		!ledger_begin_change(ledger, operation->user, operation->number, usage))
		return false;
	set_path(text, ledger, operation->number, rest);
	return true;
}

static bool begin_read(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	return begin_change(ledger, operation, text, MARKING, "/read");
}

static bool begin_unread(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	return begin_change(ledger, operation, text, MARKING, "/unread");
}

static bool begin_delete(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	return may_delete(operation) && begin_change(ledger, operation, text, DELETING, "");
}

static bool begin_read_all(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	strcpy(text->path, "/read-all");
	return ledger_begin_bulk(ledger, operation->user, READ_ALL);
}

static bool begin_delete_read(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	strcpy(text->path, "/");
	text->query = "read=true";
	return may_delete(operation) && ledger_begin_bulk(ledger, operation->user, DELETE_READ);
}

static bool begin_delete_all(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	strcpy(text->path, "/");
	text->query = "all=true";
	return may_delete(operation) && ledger_begin_bulk(ledger, operation->user, DELETE_ALL);
}

static bool begin_seen(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	(void)ledger;
	(void)operation;
	strcpy(text->path, "/seen");
	return true;
}

/* Whether the answer shows the notification with this mark. */
static bool shows(const struct ledger *ledger, const struct operation *operation,
	const struct reply *reply, bool read)
{
	struct json_object *notification = member(reply->body, "notification");
	struct uuid id;

	return reply->status == 200 && id_of(notification, &id) &&
	       uuid_compare(&id, &ledger->notices[operation->number].id) == 0 &&
	       json_object_get_boolean(member(notification, "read")) == read;
}

static bool settle_read(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	ledger_end_mark(ledger, operation->user, operation->number, READ);
	return shows(ledger, operation, reply, true);
}

static bool settle_unread(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	ledger_end_mark(ledger, operation->user, operation->number, UNREAD);
	return shows(ledger, operation, reply, false);
}

/* A try that got no answer may have done it. */
static bool settle_delete(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	ledger_end_delete(ledger, operation->user, operation->number);
	return reply->status == 200 || (reply->status == 404 && operation->tries > 1);
}

static bool settle_bulk(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	ledger_end_bulk(ledger, operation->user);
	return reply->status == 200 && member(reply->body, "count");
}

static bool settle_seen(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	(void)ledger;
	(void)operation;
	return reply->status == 200 &&
	       json_object_get_int64(member(reply->body, "unseenCount")) == 0;
}

const struct operation_kind change_kinds[] = {
	{ "read", "PATCH", 150, begin_read, settle_read },
	{ "unread", "PATCH", 70, begin_unread, settle_unread },
	{ "delete", "DELETE", 100, begin_delete, settle_delete },
	{ "read all", "POST", 20, begin_read_all, settle_bulk },
	{ "delete read", "DELETE", 10, begin_delete_read, settle_bulk },
	{ "delete all", "DELETE", 2, begin_delete_all, settle_bulk },
	{ "seen", "POST", 20, begin_seen, settle_seen },
	{ 0 },
};
