/*
 * Entries as text, see entry.h. Which kind an object is, its members tell; which
 * members a kind has stands in one table. The content of notifications is read
 * by the rules of drafts, in lib/draft.c.
 */
#include "lib/entry.h"

#include "lib/draft.h"
#include "lib/timestamp.h"

#include <errno.h>

static const int64_t AHEAD_MAX = INT64_C(24) * 3600 * 1000; /* milliseconds; clocks differ */

static void append_id(struct buffer *to, const char *before, const struct uuid *id)
{
	char text[UUID_SIZE];

	uuid_format(id, text);
	buffer_append_string(to, before);
	buffer_append(to, text, UUID_LENGTH);
	buffer_append_string(to, "\"");
}

static void append_user(struct buffer *to, const struct entry *entry)
{
	buffer_append_string(to, "{\"user\":");
	json_append_string(to, entry->user);
}

static void format_user(struct buffer *to, const struct entry *entry)
{
	append_user(to, entry);
	append_id(to, ",\"since\":\"", &entry->since);
	append_id(to, ",\"seen\":\"", &entry->seen);
	buffer_append_string(to, "}");
}

static void format_mark(struct buffer *to, const struct entry *entry)
{
	char time[TIMESTAMP_SIZE];

	append_user(to, entry);
	append_id(to, ",\"broadcast\":\"", &entry->notification.id);
	if (entry->deleted) {
		buffer_append_string(to, ",\"deleted\":true");
	} else if (entry->notification.read) {
		timestamp_format(entry->notification.read, time);
		buffer_print(to, ",\"readAt\":\"%s\"", time);
	}
	buffer_append_string(to, "}");
}

void entry_format(struct buffer *to, const struct entry *entry)
{
	switch (entry->kind) {
	case ENTRY_USER:
		format_user(to, entry);
		break;
	case ENTRY_MARK:
		format_mark(to, entry);
		break;
	default:
		notification_format(to, &entry->notification);
	}
}

struct reading {
	int64_t now;
	struct problems *problems;
	bool invalid;
	struct entry entry;
	bool is_read; /* what `read` says */
};

static void reject(struct reading *reading, const char *field, const char *sentence)
{
	reading->invalid = true;
	problems_add(reading->problems, slice_of(field), sentence);
}

/* Each reads the value of a member, of any type. Returns 0, -EINVAL if it breaks the rule, or -ENOMEM. */
typedef int read_member(struct reading *reading, struct json_object *value);

static int read_user(struct reading *reading, struct json_object *value)
{
	struct slice user = json_string(value);
	char *copy;

	if (!user.data || !notification_user_valid(user))
		return -EINVAL;
	copy = strndup(user.data, user.len);
	if (!copy)
		return -ENOMEM;
	reading->entry.memory = copy;
	reading->entry.user = (struct slice){ copy, user.len };
	return 0;
}

static int read_id(struct reading *reading, struct json_object *value)
{
	struct uuid *id = &reading->entry.notification.id;

	return uuid_parse(json_string(value), id) == 0 && uuid_is_version_7(id) ? 0 : -EINVAL;
}

/* Zeros are before all identifiers. */
static int read_bound(struct json_object *value, struct uuid *ret_id)
{
	static const struct uuid zeros;

	if (uuid_parse(json_string(value), ret_id) < 0)
		return -EINVAL;
	return uuid_is_version_7(ret_id) || uuid_compare(ret_id, &zeros) == 0 ? 0 : -EINVAL;
}

static int read_since(struct reading *reading, struct json_object *value)
{
	return read_bound(value, &reading->entry.since);
}

static int read_seen(struct reading *reading, struct json_object *value)
{
	return read_bound(value, &reading->entry.seen);
}

static int read_time(const struct reading *reading, struct json_object *value, int64_t *ret_time)
{
	int r = timestamp_parse(json_string(value), ret_time);

	return r < 0 || *ret_time > reading->now + AHEAD_MAX ? -EINVAL : 0;
}

static int read_created(struct reading *reading, struct json_object *value)
{
	return read_time(reading, value, &reading->entry.notification.created);
}

/* The first moment of all cannot be told from "unread". */
static int read_read_at(struct reading *reading, struct json_object *value)
{
	int64_t *read = &reading->entry.notification.read;

	return read_time(reading, value, read) < 0 || *read == 0 ? -EINVAL : 0;
}

static int read_read(struct reading *reading, struct json_object *value)
{
	reading->is_read = json_object_get_boolean(value);
	return json_object_is_type(value, json_type_boolean) ? 0 : -EINVAL;
}

static int read_constant(struct json_object *value, bool wanted)
{
	bool is_boolean = json_object_is_type(value, json_type_boolean);

	return is_boolean && (bool)json_object_get_boolean(value) == wanted ? 0 : -EINVAL;
}

static int read_false(struct reading *reading, struct json_object *value)
{
	(void)reading;
	return read_constant(value, false);
}

static int read_true(struct reading *reading, struct json_object *value)
{
	(void)reading;
	return read_constant(value, true);
}

static int read_deleted(struct reading *reading, struct json_object *value)
{
	reading->entry.deleted = true;
	return read_constant(value, true);
}

enum {
	OF_BROADCAST = 1 << ENTRY_BROADCAST,
	OF_USER = 1 << ENTRY_USER,
	OF_MARK = 1 << ENTRY_MARK,
	OF_NOTIFICATION = 1 << ENTRY_NOTIFICATION,
};

/* Those of a draft are not among them. */
static const struct member {
	const char *name;
	unsigned kinds;	   /* which have it … */
	unsigned required; /* … and cannot be without */
	read_member *read;
	const char *rule;
} members[] = {
	{ "user", OF_USER | OF_MARK, OF_USER | OF_MARK, read_user,
		"must be a string of 1 to 255 bytes without control characters" },
	{ "since", OF_USER, OF_USER, read_since, "must be a UUID of version 7, or of zeros" },
	{ "seen", OF_USER, OF_USER, read_seen, "must be a UUID of version 7, or of zeros" },
	{ "broadcast", OF_MARK, OF_MARK, read_id, "must be a UUID of version 7" },
	{ "deleted", OF_MARK, 0, read_deleted, "must be true" },
	{ "id", OF_NOTIFICATION | OF_BROADCAST, OF_BROADCAST, read_id,
		"must be a UUID of version 7" },
	{ "createdAt", OF_NOTIFICATION | OF_BROADCAST, 0, read_created,
		"must be an RFC 3339 time, at most a day from now" },
	{ "read", OF_NOTIFICATION, 0, read_read, "must be true or false" },
	{ "read", OF_BROADCAST, 0, read_false,
		"must be false: a line of its own tells that a user has read a broadcast" },
	{ "readAt", OF_NOTIFICATION | OF_MARK, 0, read_read_at,
		"must be an RFC 3339 time after 1970-01-01T00:00:00Z, at most a day from now" },
	{ "broadcast", OF_BROADCAST, OF_BROADCAST, read_true, "must be true" },
};

static enum entry_kind kind_of(const struct json_object *object)
{
	bool broadcast = json_object_object_get_ex(object, "broadcast", NULL);

	if (json_object_object_get_ex(object, "user", NULL))
		return broadcast ? ENTRY_MARK : ENTRY_USER;
	return broadcast ? ENTRY_BROADCAST : ENTRY_NOTIFICATION;
}

static bool has_content(enum entry_kind kind)
{
	return kind == ENTRY_BROADCAST || kind == ENTRY_NOTIFICATION;
}

static int read_members(struct reading *reading, struct json_object *object)
{
	unsigned kind = 1u << reading->entry.kind;
	struct json_object *value;
	int r;

	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		const struct member *member = &members[i];

		if (!(member->kinds & kind))
			continue;
		if (!json_object_object_get_ex(object, member->name, &value)) {
			if (member->required & kind)
				reject(reading, member->name, "must be given");
			continue;
		}
		r = member->read(reading, value);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			reject(reading, member->name, member->rule);
	}
	return 0;
}

static bool is_member(enum entry_kind kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		if ((members[i].kinds & 1u << kind) && strcmp(name, members[i].name) == 0)
			return true;
	return has_content(kind) && draft_is_member(name);
}

static void reject_unknown(struct reading *reading, struct json_object *object)
{
	json_object_object_foreach(object, name, value)
	{
		(void)value;
		if (!is_member(reading->entry.kind, name))
			reject(reading, name, "is not a member of an entry of this kind");
	}
}

static int read_content(struct reading *reading, struct slice json, struct json_object *object)
{
	struct notification *notification = &reading->entry.notification;
	bool broadcast = reading->entry.kind == ENTRY_BROADCAST;
	struct draft draft;
	int r = draft_read(json, object, broadcast ? DRAFT_BROADCAST : DRAFT_FOR_USER,
		reading->problems, &draft);

	if (r != 0) {
		reading->invalid = true;
		return r < 0 ? r : 0;
	}
	reading->entry.user = draft.user;
	reading->entry.memory = draft.memory;
	notification->broadcast = broadcast;
	notification->type = draft.type;
	notification->expires = draft.expires;
	notification->category = draft.category;
	notification->content = draft.content;
	return 0;
}

/* What members say of one another. */
static void check_read(struct reading *reading)
{
	struct entry *entry = &reading->entry;
	int64_t *read = &entry->notification.read;

	if (entry->kind == ENTRY_MARK && entry->deleted && *read)
		reject(reading, "readAt", "must be absent where deleted is true");
	if (entry->kind == ENTRY_NOTIFICATION && !reading->is_read && *read)
		reject(reading, "readAt", "must be absent unless read is true");
	if (entry->kind == ENTRY_NOTIFICATION && reading->is_read && !*read)
		*read = entry->notification.created ? entry->notification.created : 1;
}

static int read_object(struct reading *reading, struct slice json, struct json_object *object)
{
	int r = 0;

	reading->entry.kind = kind_of(object);
	if (has_content(reading->entry.kind)) {
		reading->entry.notification.created = reading->now;
		r = read_content(reading, json, object);
	}
	if (r == 0)
		r = read_members(reading, object);
	if (r < 0)
		return r;
	check_read(reading);
	reject_unknown(reading, object);
	return 0;
}

int entry_parse(struct slice json, int64_t now, struct problems *problems, struct entry *ret_entry)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct reading reading = { .now = now, .problems = problems };
	int r = json_parse(json, &object);

	if (r > 0)
		reject(&reading, "", json_problem((enum json_error)r));
	else if (r == 0 && !json_object_is_type(object, json_type_object))
		reject(&reading, "", "must be a JSON object");
	else if (r == 0)
		r = read_object(&reading, json, object);
	if (r < 0 || reading.invalid) {
		entry_release(&reading.entry);
		return r < 0 ? r : ENTRY_INVALID;
	}
	*ret_entry = reading.entry;
	return 0;
}

void entry_release(struct entry *entry)
{
	free(entry->memory);
	*entry = (struct entry){ 0 };
}
