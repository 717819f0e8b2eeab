/*
 * tidings prune: removes what is older than some age, of all users or of one, by kind if that
 * is given. It goes through the store as tidings export does, page by page, while others use
 * it, and withdraws what fits, many requests under way at a time. The store's own
 * retention-days does the same for all of it, always; this is for once, and for a part.
 */
#include "cli/confirm.h"
#include "cli/duration.h"
#include "cli/filter.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/subcommands.h"
#include "lib/clock.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>

enum {
	PATIENCE = 10000, /* milliseconds for the next answer */
	TICK = 250,
};

struct arguments {
	const char *older_than;
	const char *user;
	struct filter_options filter;
	bool read;
	bool dry_run;
	bool yes;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "older-than",
		.letter = 'o',
		.argument = "AGE",
		.help = "remove what is older: 12h, 30d, 8w; must be given",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, older_than) },
	{ .name = "user",
		.letter = 'u',
		.argument = "USER",
		.help = "only what is this user's",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, user) },
	FILTER_OPTIONS(struct arguments),
	{ .name = "read",
		.letter = 'r',
		.help = "only those that are read",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, read) },
	{ .name = "dry-run",
		.letter = 'n',
		.help = "tell how many that are, and remove none",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, dry_run) },
	{ .name = "yes",
		.letter = 'y',
		.help = "do not ask",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, yes) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec prune_command = {
	.name = "tidings prune",
	.operands = "",
	.purpose = "Remove old notifications.",
	.options = options,
};

struct prune {
	struct tool tool;
	const struct arguments *arguments;
	int64_t before; /* created; milliseconds since the epoch */
	struct filter filter;
	struct progress progress;
	struct buffer position, user; /* of the walk */
	uint64_t fitting, users;
	uint64_t removed;
	unsigned under_way;
	int64_t heard; /* when the last answer came */
	int failure;   /* the first result that was none of these */
};

static void prune_close(struct prune *prune)
{
	buffer_release(&prune->position);
	buffer_release(&prune->user);
	tool_close(&prune->tool);
}

/* ---- the command line ---- */

static int read_arguments(struct prune *prune, const struct arguments *arguments)
{
	int64_t seconds;
	int status;

	if (!arguments->older_than)
		return tool_refuse(&prune_command, "--older-than must be given");
	if (duration_parse(slice_of(arguments->older_than), &seconds) < 0)
		return tool_refuse(&prune_command,
			"--older-than: \"%s\" is no length of time such as 12h, 30d or 8w",
			arguments->older_than);
	prune->before = timestamp_now() - seconds * 1000;
	if (arguments->user && !tool_check_user(&prune_command, arguments->user))
		return TOOL_USAGE;
	status = filter_parse(&prune_command, &arguments->filter, &prune->filter);
	if (status != TOOL_DONE)
		return status;
	if (!arguments->dry_run && !arguments->yes)
		return confirm_possible(&prune_command);
	return TOOL_DONE;
}

static bool fits(const struct prune *prune, const struct entry *entry)
{
	const struct notification *notification = &entry->notification;
	const struct filter *filter = &prune->filter;

	return entry->kind == ENTRY_NOTIFICATION && notification->created < prune->before &&
	       (!prune->arguments->read || notification->read != 0) &&
	       (filter->type == INBOX_ANY_TYPE || (int)notification->type == filter->type) &&
	       (filter->category.len == 0 ||
		       slice_equal(notification->category, filter->category));
}

/* ---- removing ---- */

static void on_answer(void *context, int result, struct inbox_answer *answer)
{
	struct prune *prune = context;

	(void)answer;
	prune->under_way--;
	prune->heard = clock_ms();
	if (result == 0)
		prune->removed++;
	else if (result != INBOX_NOT_FOUND && prune->failure == 0) /* somebody else was faster */
		prune->failure = result;
}

static void submit(struct prune *prune, const struct entry *entry)
{
	struct inbox_request request = { .operation = INBOX_WITHDRAW,
		.user = entry->user,
		.id = entry->notification.id };
	int r = inbox_submit(prune->tool.inbox, &request, on_answer, prune);

	if (r == 0)
		prune->under_way++;
	else if (prune->failure == 0)
		prune->failure = r;
}

/* Until all that was submitted is answered. */
static void settle(struct prune *prune)
{
	struct inbox *inbox = prune->tool.inbox;

	prune->heard = clock_ms();
	while (prune->under_way > 0) {
		struct pollfd fd;

		inbox_dispatch(inbox);
		progress_show(&prune->progress, prune->removed, 0);
		if (clock_ms() - prune->heard > PATIENCE && prune->failure == 0)
			prune->failure = -ETIMEDOUT;
		if (prune->failure != 0 || prune->under_way == 0)
			break;
		fd.fd = inbox_fd(inbox);
		fd.events = (short)(POLLIN | (inbox_wants_write(inbox) ? POLLOUT : 0));
		poll(&fd, 1, TICK);
	}
	if (prune->under_way > 0)
		inbox_forget(inbox, prune);
	prune->under_way = 0;
}

/* ---- the walk ---- */

static void count(struct prune *prune, const struct entry *entry)
{
	prune->fitting++;
	if (prune->users > 0 && slice_equal(entry->user, buffer_slice(&prune->user)))
		return;
	prune->users++;
	buffer_clear(&prune->user);
	buffer_append_slice(&prune->user, entry->user);
}

static int keep_position(struct prune *prune, const struct inbox_answer *answer)
{
	buffer_clear(&prune->position);
	buffer_append_slice(&prune->position, answer->position);
	return buffer_status(&prune->position);
}

/* Takes one page of the store: counts what fits, or removes it. */
static int take_page(struct prune *prune, bool remove, bool *ret_more)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_EXPORT,
		.user = slice_of(prune->arguments->user),
		.position = buffer_slice(&prune->position) };
	int status = tool_call(&prune->tool, NULL, &request, &answer);
	struct entry entry;

	if (status != TOOL_DONE)
		return status;
	while (inbox_next_entry(&answer, &entry)) {
		if (!fits(prune, &entry))
			continue;
		if (remove)
			submit(prune, &entry);
		else
			count(prune, &entry);
	}
	settle(prune);
	if (prune->failure == 0)
		prune->failure = answer.at.failed ? -EBADMSG : keep_position(prune, &answer);
	*ret_more = answer.more;
	return prune->failure == 0 ? TOOL_DONE
				   : tool_fail(&prune->tool, NULL, INBOX_WITHDRAW, prune->failure);
}

static int walk(struct prune *prune, bool remove)
{
	int status = TOOL_DONE;
	bool more = true;

	prune->progress = progress_begin(remove ? "removed" : "found");
	buffer_clear(&prune->position);
	while (more && status == TOOL_DONE) {
		progress_clear(&prune->progress); /* a page may have something to tell */
		status = take_page(prune, remove, &more);
		progress_show(&prune->progress, remove ? prune->removed : prune->fitting, 0);
	}
	progress_clear(&prune->progress);
	return status;
}

/* ---- the whole ---- */

static int print(const struct prune *prune)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	bool dry_run = prune->arguments->dry_run;
	uint64_t n = dry_run ? prune->fitting : prune->removed;

	if (prune->tool.json) {
		buffer_print(&text, "{\"count\":%" PRIu64 "%s}", n,
			dry_run ? ",\"dryRun\":true" : "");
		return output_json(&prune->tool, &text);
	}
	buffer_print(&text, "%" PRIu64 " %s\n", n, dry_run ? "would be removed" : "removed");
	return output_text(&prune->tool, &text);
}

int prune_run(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	_cleanup_(prune_close) struct prune prune = { .arguments = &arguments };
	int operands;
	int result = options_parse(&prune_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	result = read_arguments(&prune, &arguments);
	if (result == TOOL_DONE)
		result = tool_open(&prune.tool, &prune_command, &arguments.common);
	if (result == TOOL_DONE && (arguments.dry_run || !arguments.yes))
		result = walk(&prune, false);
	if (result == TOOL_DONE && !arguments.dry_run && !arguments.yes)
		result = confirm(&prune_command,
			"Remove %" PRIu64 " notification%s of %" PRIu64 " user%s?", prune.fitting,
			prune.fitting == 1 ? "" : "s", prune.users, prune.users == 1 ? "" : "s");
	if (result == TOOL_DONE && !arguments.dry_run)
		result = walk(&prune, true);
	if (result == TOOL_DONE || prune.removed > 0)
		result = tool_gravest(result, print(&prune));
	return result;
}
