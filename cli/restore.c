/*
 * tidings restore: puts a backup in the place of the store, which must not be in use. The
 * backup is copied into the home directory and verified there, and only then it takes
 * the place of what there is, which is moved aside.
 */
#include "cli/restore.h"
#include "cli/confirm.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "cli/verify.h"
#include "lib/home.h"
#include "lib/json.h"
#include "lib/mark.h"
#include "lib/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

struct arguments {
	bool latest;
	bool yes;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "latest",
		.letter = 'l',
		.help = "DIR is a directory of backups: take the newest",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, latest) },
	{ .name = "yes",
		.letter = 'y',
		.help = "do not ask",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, yes) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec restore_command = {
	.name = "tidings restore",
	.operands = "DIR",
	.purpose = "Put a backup in the place of the store.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

struct restoration {
	struct tool tool;
	struct restore restore;
	struct buffer path; /* of the backup */
	const char *home;
	struct progress progress;
	uint64_t copied; /* bytes */
	struct verification verification;
};

static void restoration_close(struct restoration *restoration)
{
	verification_release(&restoration->verification);
	buffer_release(&restoration->path);
	restore_end(&restoration->restore);
	tool_close(&restoration->tool);
}

static int fail(const struct restoration *restoration, const char *what, int error)
{
	tool_complain(restoration->tool.command, "%s: %s", what, strerror(-error));
	return TOOL_FAILED;
}

/* ---- which backup, and where to ---- */

static int append_newest(struct restoration *restoration, const char *directory)
{
	_cleanup_(backups_release) struct backups backups = { 0 };
	_cleanup_(closing_fd) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : backups_list(fd, &backups);

	if (r < 0)
		return fail(restoration, directory, r);
	if (backups.count == 0) {
		tool_complain(restoration->tool.command, "%s: there is no backup in it", directory);
		return TOOL_FAILED;
	}
	buffer_print(&restoration->path, "/%s", backups_at(&backups, backups.count - 1));
	return TOOL_DONE;
}

static int find_backup(struct restoration *restoration, const char *directory, bool latest)
{
	int status = TOOL_DONE;

	buffer_append_string(&restoration->path, directory);
	if (latest)
		status = append_newest(restoration, directory);
	if (status == TOOL_DONE && !buffer_string(&restoration->path))
		return fail(restoration, directory, -ENOMEM);
	return status;
}

static int lock_home(struct restoration *restoration)
{
	int r = restore_begin(restoration->home, &restoration->restore);

	if (r != -EBUSY)
		return r < 0 ? fail(restoration, restoration->home, r) : TOOL_DONE;
	tool_complain(restoration->tool.command,
		"%s: tidings-stored has it open: nothing was done; stop it first", restoration->home);
	return TOOL_TRY_AGAIN;
}

/* ---- the copy ---- */

static int on_copied(void *context, uint64_t bytes)
{
	struct restoration *restoration = context;

	restoration->copied += bytes;
	progress_say(&restoration->progress, "%" PRIu64 " MB copied", restoration->copied / 1000000);
	return 0;
}

/* Whatever it is a copy of, it is a copy: a new epoch must begin. */
static int fill_copy(struct restoration *restoration, int from, int to)
{
	int r = tree_copy(from, "data", to, "data", on_copied, restoration);

	if (r == 0)
		r = tree_copy(from, "log", to, "log", on_copied, restoration);
	return r == 0 ? mark_copy(to) : r;
}

/* Makes the copy, with the owner and the group of the home directory. */
static int make_copy(struct restoration *restoration)
{
	int home = restoration->restore.home;
	_cleanup_(closing_fd) int from = tree_open(AT_FDCWD, restoration->path.data);
	_cleanup_(closing_fd) int to = -1;
	struct stat status;
	int r = from < 0 ? from : tree_remove(home, HOME_RESTORE_COPY);

	if (r < 0)
		return r;
	if (fstat(home, &status) < 0 || mkdirat(home, HOME_RESTORE_COPY, 0750) < 0)
		return -errno;
	to = tree_open(home, HOME_RESTORE_COPY);
	if (to < 0)
		return to;
	r = fill_copy(restoration, from, to);
	return r == 0 ? tree_give(home, HOME_RESTORE_COPY, status.st_uid, status.st_gid) : r;
}

static int copy(struct restoration *restoration)
{
	int r;

	restoration->progress = progress_begin("");
	r = make_copy(restoration);
	progress_clear(&restoration->progress);
	if (r == 0)
		return TOOL_DONE;
	tool_complain(restoration->tool.command, "cannot copy from %s to %s: %s",
		restoration->path.data, restoration->home, strerror(-r));
	return TOOL_FAILED;
}

static int verify(struct restoration *restoration)
{
	struct verification *verification = &restoration->verification;
	_cleanup_(buffer_release) struct buffer path = { 0 };
	int status;

	buffer_print(&path, "%s/%s", restoration->home, HOME_RESTORE_COPY);
	if (!buffer_string(&path))
		return fail(restoration, restoration->home, -ENOMEM);
	status = verify_store(restoration->tool.command, path.data, verification);
	if (status == TOOL_DONE && verification->good)
		return TOOL_DONE;
	if (status == TOOL_DONE)
		verify_complain(restoration->tool.command, verification);
	tool_complain(restoration->tool.command, "%s: the backup is not good: nothing was changed",
		restoration->path.data);
	return TOOL_FAILED;
}

/* ---- all of it ---- */

static int exchange(struct restoration *restoration)
{
	int r = restore_exchange(&restoration->restore);

	if (r == 0)
		return TOOL_DONE;
	tool_complain(restoration->tool.command,
		"%s: %s: the store cannot be opened until a restore has come to its end",
		restoration->home, strerror(-r));
	return TOOL_FAILED;
}

static int restore(struct restoration *restoration)
{
	int status = copy(restoration);

	if (status == TOOL_DONE)
		status = verify(restoration);
	if (status == TOOL_DONE)
		return exchange(restoration);
	tree_remove(restoration->restore.home, HOME_RESTORE_COPY);
	return status;
}

static int print(struct restoration *restoration)
{
	_cleanup_(buffer_release) struct buffer before = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_print(&before, "%s/%s", restoration->home, restoration->restore.before);
	if (restoration->tool.json) {
		buffer_append_string(&text, "{\"path\":");
		json_append_string(&text, buffer_slice(&restoration->path));
		buffer_append_string(&text, ",\"before\":");
		json_append_string(&text, buffer_slice(&before));
		buffer_append_string(&text, ",");
		verify_append_json(&text, &restoration->verification);
		buffer_append_string(&text, "}");
		return output_json(&restoration->tool, &text);
	}
	text_append(&text, buffer_slice(&restoration->path), TEXT_UNCUT);
	buffer_append_string(&text, " is restored: ");
	verify_append_counts(&text, &restoration->verification);
	buffer_append_string(&text, "\nwhat there was is in ");
	text_append(&text, buffer_slice(&before), TEXT_UNCUT);
	buffer_append_string(&text, "\n");
	return output_text(&restoration->tool, &text);
}

int restore_run(int argc, char **argv)
{
	_cleanup_(restoration_close) struct restoration restoration = { .restore.home = -1 };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&restore_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (!arguments.yes)
		result = confirm_possible(&restore_command);
	if (result == TOOL_DONE)
		result = tool_open(&restoration.tool, &restore_command, &arguments.common);
	if (result != TOOL_DONE)
		return result;
	restoration.home = restoration.tool.config->store.home;
	result = find_backup(&restoration, argv[1], arguments.latest);
	if (result == TOOL_DONE)
		result = lock_home(&restoration);
	if (result == TOOL_DONE && !arguments.yes)
		result = confirm(&restore_command, "Put %s in the place of the store in %s?",
			restoration.path.data, restoration.home);
	if (result == TOOL_DONE)
		result = restore(&restoration);
	return result == TOOL_DONE ? print(&restoration) : result;
}
