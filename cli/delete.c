/*
 * tidings delete: deletes notifications of one user, as the user could. To take one back as
 * its publisher is tidings withdraw, which does the same to a single notification.
 */
#include "cli/confirm.h"
#include "cli/ids.h"
#include "cli/output.h"
#include "cli/subcommands.h"

#include <inttypes.h>

struct arguments {
	bool all;
	bool read;
	bool dry_run;
	bool yes;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "all",
		.letter = 'a',
		.help = "delete all of the user's, in place of ids",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, all) },
	{ .name = "read",
		.letter = 'r',
		.help = "delete those that are read",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, read) },
	{ .name = "dry-run",
		.letter = 'n',
		.help = "tell how many --all or --read would delete, and delete none",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, dry_run) },
	{ .name = "yes",
		.letter = 'y',
		.help = "do not ask",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, yes) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec delete_command = {
	.name = "tidings delete",
	.operands = "USER ID... | --all USER | --read USER",
	.purpose = "Delete a user's notifications.",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
};

static int check(const struct arguments *arguments, char **ids, int n_ids)
{
	bool many = arguments->all || arguments->read;

	if (arguments->all && arguments->read)
		return tool_refuse(&delete_command, "give either --all or --read");
	if (many && n_ids > 0)
		return tool_refuse(&delete_command, "give either ids, or --all or --read");
	if (!many && n_ids == 0)
		return tool_refuse(&delete_command, "give at least one id, or --all or --read");
	if (!many && arguments->dry_run)
		return tool_refuse(&delete_command, "--dry-run goes with --all or --read");
	if (many && !arguments->dry_run && !arguments->yes)
		return confirm_possible(&delete_command);
	return ids_check(&delete_command, ids, n_ids);
}

/* How many --all or --read would delete. */
static int count(struct tool *tool, const struct inbox_request *request, uint64_t *ret_count)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request question = { .operation = INBOX_COUNT, .user = request->user };
	int status = tool_call(tool, NULL, &question, &answer);

	if (status == TOOL_DONE)
		*ret_count = answer.counts.total -
			     (request->operation == INBOX_DELETE_READ ? answer.counts.unread : 0);
	return status;
}

static void delete_many(struct tool *tool, const struct inbox_request *request,
	struct ids_outcome *outcome)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

	outcome->status = tool_call(tool, NULL, request, &answer);
	outcome->count = answer.affected;
	outcome->counts = answer.counts;
}

static int print(const struct tool *tool, const struct ids_outcome *outcome, bool dry_run)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (tool->json) {
		buffer_print(&text, "{\"count\":%" PRIu64, outcome->count);
		if (dry_run) {
			buffer_append_string(&text, ",\"dryRun\":true");
		} else {
			buffer_append_string(&text, ",");
			output_counts(&text, &outcome->counts);
		}
		buffer_append_string(&text, "}");
		return output_json(tool, &text);
	}
	if (dry_run)
		buffer_print(&text, "%" PRIu64 " would be deleted\n", outcome->count);
	else
		buffer_print(&text, "%" PRIu64 " deleted, %" PRIu64 " unread now\n", outcome->count,
			outcome->counts.unread);
	return output_text(tool, &text);
}

/* Tells, or asks, before it deletes many at once. */
static int run_many(struct tool *tool, const struct arguments *arguments,
	const struct inbox_request *request, struct ids_outcome *outcome)
{
	int status = TOOL_DONE;

	if (arguments->dry_run || !arguments->yes)
		status = count(tool, request, &outcome->count);
	if (status == TOOL_DONE && !arguments->dry_run && !arguments->yes)
		status = confirm(&delete_command, "Delete %" PRIu64 " notification%s of %.*s?",
			outcome->count, outcome->count == 1 ? "" : "s", (int)request->user.len,
			request->user.data);
	if (status == TOOL_DONE && !arguments->dry_run)
		delete_many(tool, request, outcome);
	return status;
}

int delete_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct arguments arguments = { 0 };
	struct inbox_request request = { .operation = INBOX_DELETE };
	struct ids_outcome outcome = { .status = TOOL_DONE };
	int operands;
	int result = options_parse(&delete_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (!tool_check_user(&delete_command, argv[1]))
		return TOOL_USAGE;
	result = check(&arguments, argv + 2, operands - 1);
	if (result == TOOL_DONE)
		result = tool_open(&tool, &delete_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;

	request.user = slice_of(argv[1]);
	if (arguments.all || arguments.read) {
		request.operation = arguments.all ? INBOX_DELETE_ALL : INBOX_DELETE_READ;
		result = run_many(&tool, &arguments, &request, &outcome);
	} else {
		ids_call(&tool, &request, argv + 2, operands - 1, &outcome);
	}
	if (result == TOOL_DONE && (outcome.status == TOOL_DONE || outcome.count > 0))
		result = print(&tool, &outcome, arguments.dry_run);
	return tool_gravest(outcome.status, result);
}
