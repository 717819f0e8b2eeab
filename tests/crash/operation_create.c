/* What publishers ask: one notification, several to several users, one to everybody. */
#include "lib/timestamp.h"
#include "tests/crash/chance.h"
#include "tests/crash/operation.h"

enum {
	MESSAGE_USUAL = 120,
	MESSAGE_LONG = 1000,
	DATA_LONG = 3000,
	LIFE_MIN_MS = 300, /* of those that expire; a random part of the other is added to it */
	LIFE_MAX_MS = 3000,
	LONG_ONES = 12, /* of a hundred: their change records are logged in parts */
};

/* Some plain text of that length. */
static void append_text(struct buffer *to, size_t len)
{
	static const char words[] = "all that was acknowledged must be there, each of it once ";

	for (size_t i = 0; i < len; i++)
		buffer_append(to, &words[i % (sizeof(words) - 1)], 1);
}

/* The members of one notification; without a user it is a broadcast. */
static void append_members(struct buffer *to, uint32_t number, unsigned user)
{
	static const char *const types[] = { "info", "success", "warning", "error" };
	bool is_long = by_chance(LONG_ONES, 100);
	char name[16];

	if (user != EVERYBODY)
		buffer_print(to, "\"userId\":\"%s\",", setting_user(user, name));
	buffer_print(to, "\"type\":\"%s\",\"title\":\"N%u\",\"message\":\"", types[pick(4)],
		number);
	append_text(to, is_long ? MESSAGE_LONG : 1 + pick(MESSAGE_USUAL));
	if (is_long) {
		buffer_append_string(to, "\",\"category\":\"long\",\"data\":{\"text\":\"");
		append_text(to, pick(DATA_LONG));
		buffer_append_string(to, "\"}");
	} else {
		buffer_append_string(to, "\"");
	}
}

static void append_notification(struct buffer *to, uint32_t number, unsigned user)
{
	buffer_append_string(to, "{");
	append_members(to, number, user);
	buffer_append_string(to, "}");
}

static bool begin_create(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	if (ledger_want(ledger, &operation->user, 1, &operation->number) < 0)
		return false;
	operation->count = 1;
	strcpy(text->path, "/");
	append_notification(&text->body, operation->number, operation->user);
	return true;
}

/* Whether this is the answer that creates it, for whom it was meant; or the same as before. */
static bool acknowledge(struct ledger *ledger, uint32_t number, struct json_object *notification)
{
	const struct notice *notice = &ledger->notices[number];
	unsigned user = notice->user;
	struct json_object *user_id = member(notification, "userId");
	struct uuid id;
	uint32_t there;
	char name[16];

	if (!number_of(notification, &there) || there != number || !id_of(notification, &id))
		return false;
	if (user == EVERYBODY ? user_id != NULL
			      : !slice_is(json_string(user_id), setting_user(user, name)))
		return false;
	if (notice->standing == ACKNOWLEDGED)
		return uuid_compare(&notice->id, &id) == 0;
	return ledger_acknowledge(ledger, number, &id) == 0;
}

static bool settle_create(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	return reply->status == 201 &&
	       acknowledge(ledger, operation->number, member(reply->body, "notification"));
}

static bool begin_batch(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	unsigned users[BATCH_MAX];
	unsigned count = 2 + pick(BATCH_MAX - 1);

	for (unsigned i = 0; i < count; i++)
		users[i] = pick(USERS);
	if (ledger_want(ledger, users, count, &operation->number) < 0)
		return false;
	operation->count = count;
	strcpy(text->path, "/batch");
	buffer_append_string(&text->body, "{\"notifications\":[");
	for (unsigned i = 0; i < count; i++) {
		buffer_append_string(&text->body, i > 0 ? "," : "");
		append_notification(&text->body, operation->number + i, users[i]);
	}
	buffer_append_string(&text->body, "]}");
	return true;
}

static bool settle_batch(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	struct json_object *list = member(reply->body, "notifications");
	bool right = reply->status == 201 && json_object_is_type(list, json_type_array) &&
		     json_object_array_length(list) == operation->count;

	for (unsigned i = 0; right && i < operation->count; i++)
		right = acknowledge(ledger, operation->number + i,
			json_object_array_get_idx(list, i));
	return right;
}

static bool begin_broadcast(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	static const unsigned everybody = EVERYBODY;

	if (ledger_want(ledger, &everybody, 1, &operation->number) < 0)
		return false;
	operation->count = 1;
	strcpy(text->path, "/broadcast");
	append_notification(&text->body, operation->number, EVERYBODY);
	return true;
}

static bool begin_expiring(struct ledger *ledger, struct operation *operation,
	struct operation_text *text)
{
	char time[TIMESTAMP_SIZE];

	if (ledger->everlasting || ledger_want(ledger, &operation->user, 1, &operation->number) < 0)
		return false;
	operation->count = 1;
	strcpy(text->path, "/");
	timestamp_format(timestamp_now() + LIFE_MIN_MS + pick(LIFE_MAX_MS), time);
	buffer_print(&text->body, "{\"expiresAt\":\"%s\",", time);
	append_members(&text->body, operation->number, operation->user);
	buffer_append_string(&text->body, "}");
	return true;
}

/* By the time that a store that was away takes it, it may be too late. */
static bool is_too_late(const struct reply *reply)
{
	struct json_object *details = member(reply->body, "details");

	return reply->status == 400 && json_object_is_type(details, json_type_array) &&
	       slice_is(json_string(member(json_object_array_get_idx(details, 0), "field")),
		       "expiresAt");
}

static bool settle_expiring(struct ledger *ledger, const struct operation *operation,
	const struct reply *reply)
{
	if (is_too_late(reply) && !operation->again) {
		ledger_refuse(ledger, operation->number);
		return true;
	}
	if (!settle_create(ledger, operation, reply))
		return false;
	ledger_expire(ledger, operation->number);
	return true;
}

const struct operation_kind create_kinds[] = {
	{ "create", "POST", 400, begin_create, settle_create },
	{ "batch", "POST", 40, begin_batch, settle_batch },
	{ "broadcast", "POST", 1, begin_broadcast, settle_create },
	{ "expiring", "POST", 40, begin_expiring, settle_expiring },
	{ 0 },
};
