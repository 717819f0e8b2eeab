/*
 * tidings key: publisher keys, of which the file that [auth] publisher-keys names has the hashes.
 * Whoever may write that file may make keys, so this needs no more right than that, and no running
 * store. notifications.fcgi sees that the file has changed.
 *
 * A key is printed once, after its hash is on the disk: a key that was seen counts, whatever
 * happens next.
 */
#include "cli/duration.h"
#include "cli/output.h"
#include "cli/replacement.h"
#include "cli/subcommands.h"
#include "cli/table.h"
#include "lib/json.h"
#include "lib/publisher_keys.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <openssl/crypto.h>

static const char readers[] = "tidings-keys"; /* the group of a new file */

static const char introduction[] =
	"# Made by \"tidings key\": name, SHA-256 of the key, when made, until when\n";

struct arguments {
	const char *expires;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "expires",
		.letter = 'e',
		.argument = "TIME",
		.help = "add: refuse it then: 90d, 26w, or a time as RFC 3339 has it",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, expires) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec key_command = {
	.name = "tidings key",
	.operands = "add NAME | list | revoke NAME",
	.purpose = "Make, list and revoke keys for programs that publish.",
	.options = options,
	.min_operands = 1,
	.max_operands = 2,
};

/* ---- the file ---- */

static int complain(const struct tool *tool, const char *problem, int result)
{
	tool_complain(tool->command, "%s", problem ? problem : strerror(-result));
	return TOOL_FAILED;
}

/* What stands in the file, and the way to change it. */
struct key_file {
	struct replacement replacement;
	struct buffer text;
	struct publisher_keys keys;
};

static void key_file_close(struct key_file *file)
{
	replacement_end(&file->replacement);
	buffer_release(&file->text);
	publisher_keys_release(&file->keys);
}

/* Opens it for a change. To be closed in either case. */
static int key_file_open(const struct tool *tool, struct key_file *file)
{
	const char *path = tool->config->auth.publisher_keys;
	_cleanup_(freeing_memory) char *problem = NULL;
	int r = replacement_begin(path, &file->replacement);

	if (r < 0) {
		tool_complain(tool->command, "%s cannot be replaced: %s", path, strerror(-r));
		return TOOL_FAILED;
	}
	r = publisher_file_read(path, &file->text, &problem);
	if (r == 0)
		r = publisher_keys_parse(path, buffer_slice(&file->text), &file->keys, &problem);
	return r < 0 ? complain(tool, problem, r) : TOOL_DONE;
}

static int key_file_write(const struct tool *tool, struct key_file *file, const struct buffer *text)
{
	const char *path = tool->config->auth.publisher_keys;
	int r = buffer_status(text);

	if (text->len > PUBLISHER_FILE_MAX)
		r = -EFBIG; /* which nobody would read */
	if (r == 0)
		r = replacement_commit(&file->replacement, buffer_slice(text), readers);
	if (r == 0)
		return TOOL_DONE;
	tool_complain(tool->command, "%s cannot be written: %s", path, strerror(-r));
	return TOOL_FAILED;
}

/* ---- add ---- */

/* When the key is to expire, 0 = never; false, told, if that is not to be understood or is over. */
static bool read_expires(const char *text, int64_t now, int64_t *ret_expires)
{
	int64_t seconds;
	int r = 0;

	*ret_expires = 0;
	if (!text)
		return true;
	if (duration_parse(slice_of(text), &seconds) == 0)
		*ret_expires = now + seconds * 1000;
	else
		r = timestamp_parse(slice_of(text), ret_expires);
	if (r == 0 && *ret_expires > now)
		return true;
	tool_complain(&key_command, "--expires must be a number and s, m, h, d or w, at most ten "
				    "years, or a time to come such as 2030-01-31T09:30:00Z");
	return false;
}

static void append_time(struct buffer *to, const char *member, int64_t time)
{
	char text[TIMESTAMP_SIZE];

	timestamp_format(time, text);
	buffer_print(to, ",\"%s\":\"%s\"", member, text);
}

/* What programs are told of a key, but for the closing brace. */
static void append_json(struct buffer *to, const struct publisher_key *key)
{
	buffer_print(to, "{\"name\":\"%s\"", key->name);
	append_time(to, "createdAt", key->created);
	if (key->expires != 0)
		append_time(to, "expiresAt", key->expires);
}

static int print_key(const struct tool *tool, const struct publisher_key *key, const char *secret)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (!tool->json) {
		buffer_print(&text, "%s\n", secret);
		return output_text(tool, &text);
	}
	append_json(&text, key);
	buffer_print(&text, ",\"key\":\"%s\"}", secret);
	return output_json(tool, &text);
}

static int write_with(const struct tool *tool, struct key_file *file,
	const struct publisher_key *key)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (publisher_keys_named(&file->keys, key->name)) {
		tool_complain(tool->command,
			"there is a key %s already: revoke it first, or take "
			"another name",
			key->name);
		return TOOL_FAILED;
	}
	if (file->keys.count == PUBLISHER_KEYS_MAX) {
		tool_complain(tool->command, "there are %d keys, as many as there may be",
			PUBLISHER_KEYS_MAX);
		return TOOL_FAILED;
	}
	buffer_append_slice(&text, buffer_slice(&file->text));
	if (text.len == 0)
		buffer_append_string(&text, introduction);
	else if (text.data[text.len - 1] != '\n')
		buffer_append_string(&text, "\n");
	publisher_key_format(&text, key);
	return key_file_write(tool, file, &text);
}

static int key_add(const struct tool *tool, const char *name, const struct arguments *arguments)
{
	_cleanup_(key_file_close) struct key_file file = { .replacement = REPLACEMENT_NONE };
	struct publisher_key key = { .created = timestamp_now() };
	char secret[PUBLISHER_KEY_LENGTH + 1];
	int status, r;

	if (!read_expires(arguments->expires, key.created, &key.expires))
		return TOOL_USAGE;
	memcpy(key.name, name, strlen(name));
	r = publisher_key_make(secret);
	if (r == 0)
		r = publisher_key_digest(slice_of(secret), key.digest);
	if (r < 0)
		return complain(tool, NULL, r);
	status = key_file_open(tool, &file);
	if (status == TOOL_DONE)
		status = write_with(tool, &file, &key);
	if (status == TOOL_DONE)
		status = print_key(tool, &key, secret);
	OPENSSL_cleanse(secret, sizeof(secret));
	return status;
}

/* ---- revoke ---- */

static int key_revoke(const struct tool *tool, const char *name, const struct arguments *arguments)
{
	_cleanup_(key_file_close) struct key_file file = { .replacement = REPLACEMENT_NONE };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int status = key_file_open(tool, &file);
	struct slice rest, line;

	(void)arguments;
	if (status != TOOL_DONE)
		return status;
	if (!publisher_keys_named(&file.keys, name)) {
		tool_complain(tool->command, "there is no key %s", name);
		return TOOL_FAILED;
	}
	rest = buffer_slice(&file.text);
	while (slice_take_line(&rest, &line)) {
		if (slice_is(publisher_line_name(line), name))
			continue;
		buffer_append_slice(&text, line);
		buffer_append_string(&text, "\n");
	}
	return key_file_write(tool, &file, &text);
}

/* ---- list ---- */

static int print_lines(const struct tool *tool, const struct publisher_keys *keys, int64_t now)
{
	int status = TOOL_DONE;

	for (size_t i = 0; status == TOOL_DONE && i < keys->count; i++) {
		_cleanup_(buffer_release) struct buffer line = { 0 };

		append_json(&line, &keys->list[i]);
		buffer_print(&line, ",\"expired\":%s}",
			publisher_key_expired(&keys->list[i], now) ? "true" : "false");
		status = output_json(tool, &line);
	}
	return status;
}

static void add_created(struct table *table, const struct terminal *terminal, int64_t created,
	int64_t now)
{
	char ago[DURATION_TEXT_SIZE], text[TIMESTAMP_SIZE];

	duration_ago(now, created, ago);
	timestamp_format(created, text);
	table_add(table, slice_of(terminal->present ? ago : text), STYLE_PLAIN);
}

static void add_expires(struct table *table, const struct publisher_key *key, int64_t now)
{
	char text[TIMESTAMP_SIZE] = "never";

	if (key->expires != 0)
		timestamp_format(key->expires, text);
	table_add(table, slice_of(text), publisher_key_expired(key, now) ? STYLE_BAD : STYLE_PLAIN);
}

static int print_table(const struct tool *tool, const struct publisher_keys *keys, int64_t now)
{
	static const struct table_column columns[] = {
		{ .heading = "CREATED" },
		{ .heading = "EXPIRES" },
		{ .heading = "NAME", .flexible = true },
	};
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);

	for (size_t i = 0; i < keys->count; i++) {
		add_created(&table, &terminal, keys->list[i].created, now);
		add_expires(&table, &keys->list[i], now);
		table_add(&table, slice_of(keys->list[i].name), STYLE_PLAIN);
	}
	table_format(&text, &table, &terminal);
	return output_text(tool, &text);
}

static int key_list(const struct tool *tool, const char *name, const struct arguments *arguments)
{
	_cleanup_(publisher_keys_release) struct publisher_keys keys = { 0 };
	_cleanup_(freeing_memory) char *problem = NULL;
	int64_t now = timestamp_now();
	int r = publisher_keys_read(tool->config->auth.publisher_keys, &keys, &problem);

	(void)name;
	(void)arguments;
	if (r < 0)
		return complain(tool, problem, r);
	return tool->json ? print_lines(tool, &keys, now) : print_table(tool, &keys, now);
}

/* ---- the command line ---- */

static const struct verb {
	const char *name;
	bool of_key;  /* a name follows */
	bool expires; /* --expires may be given */
	int (*run)(const struct tool *tool, const char *name, const struct arguments *arguments);
} verbs[] = {
	{ "add", true, true, key_add },
	{ "list", false, false, key_list },
	{ "revoke", true, false, key_revoke },
};

/* NULL, told, if there is no such verb, or what follows it does not suit. */
static const struct verb *find_verb(char **operands, int count, const struct arguments *arguments)
{
	const struct verb *verb = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
		if (strcmp(operands[0], verbs[i].name) == 0)
			verb = &verbs[i];
	if (!verb)
		tool_complain(&key_command, "it takes add, list or revoke");
	else if (count != (verb->of_key ? 2 : 1))
		tool_complain(&key_command, "%s takes %s", verb->name,
			verb->of_key ? "the NAME of one key" : "no name");
	else if (verb->of_key && !publisher_name_valid(slice_of(operands[1])))
		tool_complain(&key_command,
			"NAME must be 1 to %d of A-Z a-z 0-9 . _ - and begin "
			"with a letter or a digit",
			PUBLISHER_NAME_MAX);
	else if (arguments->expires && !verb->expires)
		tool_complain(&key_command, "--expires goes with add");
	else
		return verb;
	return NULL;
}

int key_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	const struct verb *verb;
	int operands;
	int result = options_parse(&key_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	verb = find_verb(argv + 1, operands, &arguments);
	if (!verb)
		return TOOL_USAGE;
	result = tool_open(&tool, &key_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;
	if (!*tool.config->auth.publisher_keys) {
		tool_complain(&key_command, "there is no file for them: publisher-keys is empty in "
					    "the section auth of the configuration");
		return TOOL_FAILED;
	}
	return verb->run(&tool, argv[2], &arguments);
}
