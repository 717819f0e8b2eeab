/*
 * tidings watch: all changes of the store as they are committed.
 *
 * Read from the log, as the push daemon reads it: it costs the store nothing,
 * and shows what was committed, whoever asked for it. So it needs the right to
 * read the log directory, and begins where the log ends when it starts.
 */
#include "cli/output.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "lib/json.h"
#include "lib/timestamp.h"
#include "pushd/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

enum {
	BATCH = 1000, /* changes between two looks at signals */
	USER_COLUMNS = 16,
	KIND_COLUMNS = 12,
	CLOCK_AT = 11,			  /* in a timestamp: the time of the day … */
	CLOCK_LENGTH = 8,		  /* … to the second */
	CLOCK_COLUMNS = CLOCK_LENGTH + 1, /* and a Z */
	COUNT_COLUMNS = 6,
};

struct arguments {
	const char *user;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "user",
		.letter = 'u',
		.argument = "USER",
		.help = "only changes of this user",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, user) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec watch_command = {
	.name = "tidings watch",
	.operands = "",
	.purpose = "Show every change as it happens.",
	.options = options,
};

struct watch {
	struct tool tool;
	const char *user; /* NULL = all */
	struct feed *feed;
	int signal_fd;
};

/* Whose it is, and what it led to; of a broadcast that is another thing for each user. */
static void append_user(struct buffer *to, const struct change *change)
{
	buffer_append_string(to, ",\"userId\":");
	json_append_string(to, change->user);
	buffer_print(to, ",\"total\":%" PRIu64 ",", change->counts.total);
	output_counts(to, &change->counts);
}

/* Appends "ids":["…",…] */
static void append_ids(struct buffer *to, struct slice ids)
{
	const char *separator = "";

	buffer_append_string(to, "\"ids\":[");
	while (ids.len > 0) {
		const char *end = memchr(ids.data, ',', ids.len);
		size_t len = end ? (size_t)(end - ids.data) : ids.len;

		buffer_append_string(to, separator);
		json_append_string(to, (struct slice){ .data = ids.data, .len = len });
		separator = ",";
		len += end ? 1 : 0;
		ids.data += len;
		ids.len -= len;
	}
	buffer_append_string(to, "]");
}

static void format_json(struct buffer *to, const struct change *change)
{
	char time[TIMESTAMP_SIZE];

	timestamp_format(change->time, time);
	buffer_print(to, "{\"op\":\"%s\",\"time\":\"%s\",", change_kind_name(change->kind), time);
	if (change->kind == CHANGE_EPOCH) {
		buffer_append_string(to, "\"epoch\":");
		json_append_string(to, change->user);
		buffer_append_string(to, "}");
		return;
	}
	append_ids(to, change->ids);
	if (!change_is_broadcast(change->kind))
		append_user(to, change);
	if (change->notification.len > 0) {
		buffer_append_string(to, ",\"notification\":");
		buffer_append_slice(to, change->notification);
	}
	buffer_append_string(to, "}");
}

/* A field of a table that is printed as it grows: cut on a terminal, else as wide as it must be. */
static void append_field(struct buffer *to, const struct terminal *terminal, struct slice text,
	size_t columns, bool right)
{
	size_t width = terminal->present ? columns : text_width(text);

	text_append_padded(to, text, width > columns ? width : columns, right);
	buffer_append_string(to, "  ");
}

/* What a line of the table says, each field as text. */
struct fields {
	struct slice time, kind, unread, user, detail;
	enum style style; /* of the kind */
};

/* What comes, what goes, and what everybody has to hear of; all else is plain. */
static const enum style kind_styles[CHANGE_KINDS_COUNT] = {
	[CHANGE_CREATED] = STYLE_GOOD,
	[CHANGE_BROADCAST_CREATED] = STYLE_GOOD,
	[CHANGE_DELETED] = STYLE_WARNING,
	[CHANGE_ALL_DELETED] = STYLE_WARNING,
	[CHANGE_READ_DELETED] = STYLE_WARNING,
	[CHANGE_EXPIRED] = STYLE_WARNING,
	[CHANGE_BROADCAST_EXPIRED] = STYLE_WARNING,
	[CHANGE_WITHDRAWN] = STYLE_BAD,
	[CHANGE_BROADCAST_WITHDRAWN] = STYLE_BAD,
	[CHANGE_FORGOTTEN] = STYLE_BAD,
	[CHANGE_EPOCH] = STYLE_STRONG,
};

static void format_fields(struct buffer *to, const struct terminal *terminal,
	const struct fields *fields)
{
	size_t time_columns = terminal->present ? CLOCK_COLUMNS : TIMESTAMP_LENGTH;
	size_t taken = time_columns + KIND_COLUMNS + COUNT_COLUMNS + USER_COLUMNS + 4 * 2;
	size_t left = TEXT_UNCUT;

	append_field(to, terminal, fields->time, time_columns, false);
	buffer_append_string(to, style_begin(terminal, fields->style));
	append_field(to, terminal, fields->kind, KIND_COLUMNS, false);
	buffer_append_string(to, style_end(terminal, fields->style));
	append_field(to, terminal, fields->unread, COUNT_COLUMNS, true);
	append_field(to, terminal, fields->user, USER_COLUMNS, false);
	if (terminal->present)
		left = terminal->columns > taken ? terminal->columns - taken : 0;
	text_append(to, fields->detail, left);
	while (to->len > 0 && to->data[to->len - 1] == ' ')
		to->len--;
	buffer_append_string(to, "\n");
}

/* On a terminal only the time of the day. */
static struct slice format_time(const struct terminal *terminal, int64_t time,
	char text[static TIMESTAMP_SIZE])
{
	timestamp_format(time, text);
	if (!terminal->present)
		return slice_of(text);
	memmove(text, text + CLOCK_AT, CLOCK_LENGTH);
	text[CLOCK_LENGTH] = 'Z';
	return (struct slice){ .data = text, .len = CLOCK_COLUMNS };
}

/* Everything but the time: what an epoch has in the place of a user is its name. */
static struct fields fields_of(const struct change *change, struct buffer *unread)
{
	struct fields fields = {
		.kind = slice_of(change_operation_name(change->kind)),
		.unread = SLICE("-"),
		.user = SLICE("*"),
		.detail = change->ids,
		.style = kind_styles[change->kind],
	};

	if (change->kind == CHANGE_EPOCH) {
		fields.user = SLICE("-");
		fields.detail = change->user;
	} else if (!change_is_broadcast(change->kind)) {
		buffer_append_decimal(unread, change->counts.unread);
		fields.unread = buffer_slice(unread);
		fields.user = change->user;
	}
	return fields;
}

static void format_line(struct buffer *to, const struct terminal *terminal,
	const struct change *change)
{
	_cleanup_(buffer_release) struct buffer headline = { 0 };
	_cleanup_(buffer_release) struct buffer unread = { 0 };
	struct fields fields = fields_of(change, &unread);
	char time[TIMESTAMP_SIZE];

	fields.time = format_time(terminal, change->time, time);
	if (change->notification.len > 0 && output_headline(&headline, change->notification) == 0)
		fields.detail = buffer_slice(&headline);
	format_fields(to, terminal, &fields);
}

/* Epochs and broadcasts concern everybody. */
static bool concerns(const struct change *change, const char *user)
{
	return !user || change->kind == CHANGE_EPOCH || change_is_broadcast(change->kind) ||
	       slice_is(change->user, user);
}

static int watch_print(const struct watch *watch, const struct change *change)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal;

	if (!concerns(change, watch->user))
		return TOOL_DONE;
	if (watch->tool.json) {
		format_json(&text, change);
		return output_json(&watch->tool, &text);
	}
	terminal = terminal_of(STDOUT_FILENO); /* each time: it may have been resized */
	format_line(&text, &terminal, change);
	return output_text(&watch->tool, &text);
}

/* The first line; once it is there, no later change is missed. */
static int print_heading(const struct watch *watch, const struct inbox_greeting *greeting)
{
	static const struct fields heading = { SLICE("TIME"), SLICE("CHANGE"), SLICE("UNREAD"),
		SLICE("USER"), SLICE("WHAT"), STYLE_PLAIN };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);

	if (watch->tool.json) {
		buffer_append_string(&text, "{\"op\":\"begin\",\"epoch\":");
		json_append_string(&text, slice_of(greeting->epoch));
		buffer_append_string(&text, "}");
		return output_json(&watch->tool, &text);
	}
	format_fields(&text, &terminal, &heading);
	return output_text(&watch->tool, &text);
}

/* Goes to the end of the log. */
static int watch_begin(struct watch *watch)
{
	struct inbox_greeting greeting;
	struct feed_position position;
	int status = tool_greet(&watch->tool, &greeting);

	if (status != TOOL_DONE)
		return status;
	position =
		(struct feed_position){ .file = greeting.log_file, .offset = greeting.log_offset };
	feed_begin(watch->feed, position);
	status = print_heading(watch, &greeting);
	fflush(stdout);
	return status;
}

static int watch_fail(const struct watch *watch, int error)
{
	tool_complain(watch->tool.command, "cannot read the log in %s/log: %s",
		watch->tool.config->store.home, strerror(-error));
	return TOOL_FAILED;
}

/* Takes up to BATCH changes. Sets *ret_more if there may be more; returns an exit status. */
static int watch_take(struct watch *watch, bool *ret_more)
{
	struct change change;
	int status = TOOL_DONE;
	int result = 0;

	for (unsigned i = 0; i < BATCH && status == TOOL_DONE; i++) {
		result = feed_next(watch->feed, &change);
		if (result != 0)
			break;
		status = watch_print(watch, &change);
	}
	if (fflush(stdout) != 0)
		return TOOL_FAILED; /* main() says so */
	*ret_more = result == 0 || result == FEED_LOST;
	if (result == FEED_LOST) {
		tool_complain(watch->tool.command,
			"changes were missed: the log that has them is gone");
		return watch_begin(watch);
	}
	if (result < 0)
		return watch_fail(watch, result);
	return status;
}

/* Waits for the log, or not if `more`. Returns whether to end: a signal came, or the reader left. */
static bool watch_wait(const struct watch *watch, bool more)
{
	struct pollfd fds[] = {
		{ .fd = feed_fd(watch->feed), .events = POLLIN },
		{ .fd = watch->signal_fd, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	if (poll(fds, ARRAY_LENGTH(fds), more ? 0 : -1) < 0)
		return errno != EINTR;
	return fds[1].revents || fds[2].revents;
}

static int watch_run_on(struct watch *watch)
{
	int status = watch_begin(watch);
	bool more = true;

	while (status == TOOL_DONE && !watch_wait(watch, more)) {
		int result = feed_drain(watch->feed);

		if (result < 0) {
			tool_complain(watch->tool.command, "cannot watch the log: %s",
				strerror(-result));
			return TOOL_FAILED;
		}
		status = watch_take(watch, &more);
	}
	return status;
}

/* SIGINT and SIGTERM become readable in place of ending the program. */
static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int watch_open(struct watch *watch, const struct arguments *arguments)
{
	int status = tool_open(&watch->tool, &watch_command, &arguments->common);
	int result;

	if (status != TOOL_DONE)
		return status;
	watch->user = arguments->user;
	result = feed_new(watch->tool.config, &watch->feed);
	if (result < 0)
		return watch_fail(watch, result);
	watch->signal_fd = open_signals();
	if (watch->signal_fd < 0) {
		tool_complain(&watch_command, "%s", strerror(errno));
		return TOOL_FAILED;
	}
	return TOOL_DONE;
}

static void watch_close(struct watch *watch)
{
	if (watch->signal_fd >= 0)
		close(watch->signal_fd);
	watch->feed = watch->feed ? feed_free(watch->feed) : NULL;
	tool_close(&watch->tool);
}

int watch_run(int argc, char **argv)
{
	_cleanup_(watch_close) struct watch watch = { .signal_fd = -1 };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&watch_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (arguments.user && !tool_check_user(&watch_command, arguments.user))
		return TOOL_USAGE;
	result = watch_open(&watch, &arguments);
	return result == TOOL_DONE ? watch_run_on(&watch) : result;
}
