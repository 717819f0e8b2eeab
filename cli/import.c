/*
 * tidings import: takes what tidings export wrote, or what another application
 * has to bring along.
 *
 * A file is looked through first, and nothing is sent unless all of it is right;
 * what comes from a pipe can be read only once, and is sent up to the first line
 * that is wrong. Nothing is stored twice, so an import that broke off is done
 * again as a whole.
 */
#include "cli/import.h"
#include "cli/output.h"
#include "cli/subcommands.h"
#include "lib/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

struct arguments {
	bool dry_run;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "dry-run",
		.letter = 'n',
		.help = "only check all lines, and change nothing",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, dry_run) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec import_command = {
	.name = "tidings import",
	.operands = "[FILE | -]",
	.purpose = "Store what was exported, or comes from elsewhere.",
	.options = options,
	.max_operands = 1,
};

int import_parse(const struct import *import, struct slice line, struct problems *problems,
	struct entry *ret_entry)
{
	int result = entry_parse(line, import->now, problems, ret_entry);

	if (result < 0)
		problems_add(problems, SLICE(""), strerror(-result));
	return result;
}

struct problems import_too_long(void)
{
	struct problems problems = { 0 };

	problems_add(&problems, SLICE(""), "is longer than 65536 bytes");
	return problems;
}

static int print_checked(const struct import *import)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (import->tool->json) {
		buffer_print(&text, "{\"good\":%" PRIu64 ",\"wrong\":%" PRIu64 "}", import->good,
			import->wrong);
		return output_json(import->tool, &text);
	}
	buffer_print(&text, "%" PRIu64 " good, %" PRIu64 " wrong\n", import->good, import->wrong);
	return output_text(import->tool, &text);
}

static int print_sent(const struct import *import)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (import->tool->json) {
		buffer_print(&text, "{\"stored\":%" PRIu64 ",\"existing\":%" PRIu64 "}",
			import->stored, import->existing);
		return output_json(import->tool, &text);
	}
	buffer_print(&text, "%" PRIu64 " stored, %" PRIu64 " were there already\n", import->stored,
		import->existing);
	return output_text(import->tool, &text);
}

static int check_only(struct import *import)
{
	int status = import_check(import);

	return tool_gravest(status, print_checked(import));
}

/* Where the lines begin in a file, which can be read twice; -1 for anything else. */
static off_t beginning(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
}

static int check_and_send(struct import *import)
{
	off_t begin = beginning(import->fd);
	int status = TOOL_DONE;

	if (begin >= 0)
		status = import_check(import);
	if (status != TOOL_DONE) {
		tool_complain(import->tool->command, "nothing was imported");
		return status;
	}
	if (begin >= 0 && lseek(import->fd, begin, SEEK_SET) < 0) {
		tool_complain(import->tool->command, "%s: %s", import->input, strerror(errno));
		return TOOL_FAILED;
	}
	status = import_send(import);
	if (status == TOOL_DONE || import->stored + import->existing > 0)
		status = tool_gravest(status, print_sent(import));
	return status;
}

static int import_open(struct import *import, const char *path)
{
	import->now = timestamp_now();
	import->fd = STDIN_FILENO;
	import->input = "standard input";
	if (!path || strcmp(path, "-") == 0)
		return TOOL_DONE;
	import->input = path;
	import->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (import->fd >= 0)
		return TOOL_DONE;
	tool_complain(&import_command, "%s: %s", path, strerror(errno));
	return TOOL_FAILED;
}

int import_run(int argc, char **argv)
{
	_cleanup_(tool_close) struct tool tool = { 0 };
	struct import import = { .tool = &tool };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&import_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	result = tool_open(&tool, &import_command, &arguments.common);
	if (result == TOOL_DONE)
		result = import_open(&import, operands > 0 ? argv[1] : NULL);
	if (result == TOOL_DONE)
		result = arguments.dry_run ? check_only(&import) : check_and_send(&import);
	if (import.fd > STDERR_FILENO)
		close(import.fd);
	return result;
}
