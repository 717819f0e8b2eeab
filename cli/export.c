/*
 * tidings export: the content of the store as lines of JSON, which tidings import
 * takes. The store gives it page by page, so neither side holds much of it, and a
 * store of any size can be exported while it is in use; what changes meanwhile may
 * be in it or not.
 */
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/subcommands.h"

#include <errno.h>
#include <inttypes.h>

struct arguments {
	const char *user;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "user",
		.letter = 'u',
		.argument = "USER",
		.help = "only what is this user's",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, user) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec export_command = {
	.name = "tidings export",
	.operands = "",
	.purpose = "Write all that is stored to standard output.",
	.options = options,
};

struct export
{
	struct tool tool;
	struct inbox_request request;
	struct buffer position; /* what request.position points to */
	struct progress progress;
	uint64_t count;
	bool to_terminal;
};

/*
 * Exactly as it was given, so that it is the same after an import; but nothing may
 * steer a terminal.
 */
static int print_entry(const struct export *export, const struct entry *entry, struct buffer *text)
{
	buffer_clear(text);
	entry_format(text, entry);
	if (export->to_terminal)
		return output_json(&export->tool, text);
	buffer_append_string(text, "\n");
	return output_text(&export->tool, text);
}

static int fail(struct export *export, int error)
{
	progress_clear(&export->progress);
	tool_complain(export->tool.command, "%s", strerror(-error));
	return TOOL_FAILED;
}

static int print_entries(struct export *export, struct inbox_answer *answer)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int status = TOOL_DONE;
	struct entry entry;

	while (status == TOOL_DONE && inbox_next_entry(answer, &entry)) {
		status = print_entry(export, &entry, &text);
		export->count++;
	}
	if (answer->at.failed)
		return fail(export, -EBADMSG);
	if (ferror(stdout))
		return TOOL_FAILED; /* main() says so */
	return status;
}

static int keep_position(struct export *export, const struct inbox_answer *answer)
{
	buffer_clear(&export->position);
	buffer_append_slice(&export->position, answer->position);
	export->request.position = buffer_slice(&export->position);
	return buffer_status(&export->position);
}

/* Asks for a page and writes it. Sets *ret_more if there are further ones. */
static int export_page(struct export *export, bool *ret_more)
{
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	int status = tool_call(&export->tool, NULL, &export->request, &answer);
	int result;

	if (status != TOOL_DONE)
		return status;
	result = keep_position(export, &answer);
	if (result < 0)
		return fail(export, result);
	*ret_more = answer.more;
	return print_entries(export, &answer);
}

static int export_all(struct export *export)
{
	bool more = true;
	int status = TOOL_DONE;

	while (more && status == TOOL_DONE) {
		progress_clear(&export->progress); /* a page may have something to tell */
		status = export_page(export, &more);
		progress_show(&export->progress, export->count, 0);
	}
	progress_clear(&export->progress);
	if (status == TOOL_DONE || export->count == 0)
		return status;
	tool_complain(export->tool.command,
		"stopped after %" PRIu64 " lines: the export is not whole", export->count);
	return TOOL_FAILED;
}

static void export_close(struct export *export)
{
	buffer_release(&export->position);
	tool_close(&export->tool);
}

int export_run(int argc, char **argv)
{
	_cleanup_(export_close) struct export export = { .request = { .operation = INBOX_EXPORT } };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&export_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (arguments.user && !tool_check_user(&export_command, arguments.user))
		return TOOL_USAGE;
	result = tool_open(&export.tool, &export_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;
	export.request.user = slice_of(arguments.user);
	export.progress = progress_begin("exported");
	export.to_terminal = isatty(STDOUT_FILENO);
	return export_all(&export);
}
