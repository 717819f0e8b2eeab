/*
 * What a publisher asks for, read and checked, see notification.h.
 *
 * The rules stand in one table: a row a member, in the order in which `content`
 * holds them. Everything that is wrong is collected, so that a publisher need
 * not find it out one request at a time.
 */
#include "lib/draft.h"

#include "lib/timestamp.h"
#include "lib/utf8.h"

#include <errno.h>
#include <strings.h>

/* Whether there are 1 to `max` characters, and no control characters but `except`. */
static bool text_valid(struct slice text, long max, const char *except)
{
	long length = utf8_length(text);

	return length >= 1 && length <= max && !utf8_has_control(text, except);
}

/* Takes a prefix off the front, in any case. */
static bool skip_prefix(struct slice *text, const char *prefix)
{
	size_t n = strlen(prefix);

	if (text->len < n || strncasecmp(text->data, prefix, n) != 0)
		return false;
	text->data += n;
	text->len -= n;
	return true;
}

/* Whether what follows "//" in a URL, user information and port left out, names a host. */
static bool has_host(struct slice url)
{
	size_t start = 0, end = 0;

	for (; end < url.len && !strchr("/?#", url.data[end]); end++)
		if (url.data[end] == '@')
			start = end + 1;
	return start < end && url.data[start] != ':';
}

/*
 * Browsers take a backslash for a slash, and drop tabs and line breaks from a
 * link before they read it; so neither may be in it, or "/\t/host" would lead
 * away from the site.
 */
static bool link_valid(struct slice link)
{
	if (link.len < 1 || link.len > NOTIFICATION_LINK_MAX || utf8_has_control(link, "") ||
		memchr(link.data, ' ', link.len) || memchr(link.data, '\\', link.len))
		return false;
	if (link.data[0] == '/')
		return link.len == 1 || link.data[1] != '/';
	return (skip_prefix(&link, "http://") || skip_prefix(&link, "https://")) && has_host(link);
}

/* A part of the memory of a draft under way, which may still move. */
struct part {
	size_t at;
	size_t len;
};

struct reading {
	struct slice json;
	int64_t now; /* 0 = expiresAt may lie in the past */
	struct problems *problems;
	bool invalid;
	struct draft draft; /* type and expires */
	struct part user, category;
	struct buffer names; /* user and category */
	struct buffer content;
};

static void reject(struct reading *reading, const char *field, const char *sentence)
{
	reading->invalid = true;
	problems_add(reading->problems, slice_of(field), sentence);
}

static struct part keep(struct reading *reading, struct slice text)
{
	struct part part = { .at = reading->names.len, .len = text.len };

	buffer_append_slice(&reading->names, text);
	return part;
}

/*
 * Each reads the value of one member, which may be of any type, and appends it
 * to the content. Returns false if it breaks the rule.
 */
typedef bool read_member(struct reading *reading, struct json_object *value);

static bool read_user(struct reading *reading, struct json_object *value)
{
	struct slice user = json_string(value);

	reading->user = keep(reading, user);
	json_append_string(&reading->content, user);
	return notification_user_valid(user);
}

static bool read_type(struct reading *reading, struct json_object *value)
{
	struct slice name = json_string(value);

	json_append_string(&reading->content, name);
	return notification_type_parse(name, &reading->draft.type) == 0;
}

static bool read_title(struct reading *reading, struct json_object *value)
{
	struct slice title = json_string(value);

	json_append_string(&reading->content, title);
	return text_valid(title, NOTIFICATION_TITLE_MAX, "");
}

static bool read_message(struct reading *reading, struct json_object *value)
{
	struct slice message = json_string(value);

	json_append_string(&reading->content, message);
	return text_valid(message, NOTIFICATION_MESSAGE_MAX, "\n\t");
}

static bool read_link(struct reading *reading, struct json_object *value)
{
	struct slice link = json_string(value);

	json_append_string(&reading->content, link);
	return link_valid(link);
}

/* The application's own object is copied from the text, so that it stays as given. */
static bool read_data(struct reading *reading, struct json_object *value)
{
	size_t start = reading->content.len;

	if (!json_object_is_type(value, json_type_object) ||
		json_copy_member(&reading->content, reading->json, "data") < 0)
		return false;
	return reading->content.len - start <= NOTIFICATION_DATA_MAX;
}

static bool read_category(struct reading *reading, struct json_object *value)
{
	struct slice category = json_string(value);

	reading->category = keep(reading, category);
	json_append_string(&reading->content, category);
	return notification_category_valid(category);
}

static bool read_expires(struct reading *reading, struct json_object *value)
{
	char text[TIMESTAMP_SIZE];
	int64_t expires;

	if (timestamp_parse(json_string(value), &expires) < 0 || expires <= reading->now)
		return false;
	reading->draft.expires = expires;
	timestamp_format(expires, text);
	json_append_string(&reading->content, slice_of(text));
	return true;
}

enum presence { ABSENT, OPTIONAL, REQUIRED };

static const struct member {
	const char *name;
	enum presence presence[2]; /* by enum draft_kind */
	read_member *read;
	const char *rule;
} members[] = {
	{ "userId", { REQUIRED, ABSENT }, read_user,
		"must be a string of 1 to 255 bytes without control characters" },
	{ "type", { REQUIRED, REQUIRED }, read_type, "must be info, success, warning or error" },
	{ "title", { REQUIRED, REQUIRED }, read_title,
		"must be a string of 1 to 200 characters, none of them a control character" },
	{ "message", { REQUIRED, REQUIRED }, read_message,
		"must be a string of 1 to 1000 characters, no control characters but \\n and \\t" },
	{ "link", { OPTIONAL, OPTIONAL }, read_link,
		"must be an http: or https: URL or a path that begins with one /, "
		"without spaces, at most 2048 bytes" },
	{ "data", { OPTIONAL, OPTIONAL }, read_data, "must be an object of at most 4096 bytes" },
	{ "category", { OPTIONAL, OPTIONAL }, read_category,
		"must be a string of 1 to 64 of a-z 0-9 . _ -" },
	{ "expiresAt", { OPTIONAL, OPTIONAL }, read_expires,
		"must be an RFC 3339 time in the future" },
};

static const char *rule_of(const struct reading *reading, const struct member *member)
{
	return member->read == read_expires && !reading->now ? "must be an RFC 3339 time"
							     : member->rule;
}

static void read_one(struct reading *reading, const struct member *member,
	struct json_object *value)
{
	if (reading->content.len > 0)
		buffer_append_string(&reading->content, ",");
	json_append_string(&reading->content, slice_of(member->name));
	buffer_append_string(&reading->content, ":");
	if (!member->read(reading, value))
		reject(reading, member->name, rule_of(reading, member));
}

static void read_known(struct reading *reading, struct json_object *object, enum draft_kind kind)
{
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		enum presence presence = members[i].presence[kind];
		struct json_object *value;
		bool given = json_object_object_get_ex(object, members[i].name, &value);

		if (given && presence == ABSENT)
			reject(reading, members[i].name,
				"must be absent: a broadcast is for every user");
		else if (given)
			read_one(reading, &members[i], value);
		else if (presence == REQUIRED)
			reject(reading, members[i].name, "must be given");
	}
}

bool draft_is_member(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		if (strcmp(name, members[i].name) == 0)
			return true;
	return false;
}

static void reject_unknown(struct reading *reading, struct json_object *object)
{
	json_object_object_foreach(object, name, value)
	{
		(void)value;
		if (!draft_is_member(name))
			reject(reading, name, "is not a member of a notification");
	}
}

/* Puts content, user and category into one piece of memory and the slices onto it. */
static int finish_draft(struct reading *reading, struct draft *ret_draft)
{
	struct draft draft = reading->draft;
	struct buffer *memory = &reading->content;
	size_t len = memory->len;
	const char *names;

	buffer_append_slice(memory, buffer_slice(&reading->names));
	if (buffer_status(&reading->names) < 0 || buffer_status(memory) < 0)
		return -ENOMEM;
	names = memory->data + len;
	draft.content = (struct slice){ memory->data, len };
	draft.user = (struct slice){ names + reading->user.at, reading->user.len };
	draft.category = (struct slice){ names + reading->category.at, reading->category.len };
	draft.memory = take(memory->data);
	*ret_draft = draft;
	return 0;
}

/* Ends the reading of what was read. */
static int finish(struct reading *reading, struct draft *ret_draft)
{
	int r = reading->invalid ? DRAFT_INVALID : finish_draft(reading, ret_draft);

	buffer_release(&reading->names);
	buffer_release(&reading->content);
	return r;
}

int draft_read(struct slice json, struct json_object *object, enum draft_kind kind,
	struct problems *problems, struct draft *ret_draft)
{
	struct reading reading = { .json = json, .problems = problems };

	read_known(&reading, object, kind);
	return finish(&reading, ret_draft);
}

int draft_parse(struct slice json, enum draft_kind kind, int64_t now, struct problems *problems,
	struct draft *ret_draft)
{
	_cleanup_(freeing_json) struct json_object *object = NULL;
	struct reading reading = { .json = json, .now = now, .problems = problems };
	int r = json_parse(json, &object);

	if (r < 0)
		return r;
	if (r > 0) {
		reject(&reading, "", json_problem((enum json_error)r));
	} else if (!json_object_is_type(object, json_type_object)) {
		reject(&reading, "", "must be a JSON object");
	} else {
		read_known(&reading, object, kind);
		reject_unknown(&reading, object);
	}
	return finish(&reading, ret_draft);
}

void draft_release(struct draft *draft)
{
	free(draft->memory);
	*draft = (struct draft){ 0 };
}
