/*
 * tidings backup: a copy of the store that is in use, put into a directory of backups and
 * verified there. It gets its name when it is known to be good; before that, and if it is
 * not, it has another one.
 */
#include "cli/backups.h"
#include "cli/copy.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/subcommands.h"
#include "cli/text.h"
#include "cli/verify.h"
#include "lib/home.h"
#include "lib/json.h"
#include "lib/quantity.h"
#include "lib/timestamp.h"
#include "lib/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum { KEEP_MAX = 1000000, NAME_SIZE = BACKUPS_NAME_SIZE + 16 };

struct arguments {
	long keep; /* 0 = all */
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "keep",
		.letter = 'k',
		.argument = "NUMBER",
		.help = "when all is well remove all but so many, the newest",
		.kind = OPTION_NUMBER,
		.offset = offsetof(struct arguments, keep),
		.min = 1,
		.max = KEEP_MAX },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec backup_command = {
	.name = "tidings backup",
	.operands = "DIR",
	.purpose = "Make a verified copy of the store.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
};

struct backup {
	struct tool tool;
	const char *path; /* of the directory of backups … */
	int directory;	  /* … which is locked */
	char name[BACKUPS_NAME_SIZE];
	char unfinished[NAME_SIZE], damaged[NAME_SIZE];
	struct progress progress;
	uint64_t copied, size; /* bytes */
	struct verification verification;
	struct buffer removed; /* JSON strings */
	struct buffer text;    /* the same as lines */
};

static void backup_close(struct backup *backup)
{
	verification_release(&backup->verification);
	buffer_release(&backup->removed);
	buffer_release(&backup->text);
	closing_fd(&backup->directory);
	tool_close(&backup->tool);
}

static int fail(const struct backup *backup, const char *what, int error)
{
	tool_complain(backup->tool.command, "%s: %s", what, strerror(-error));
	return TOOL_FAILED;
}

/* One backup at a time goes into a directory, so what is unfinished there is left over. */
static int open_directory(struct backup *backup)
{
	int r;

	backup->directory = open(backup->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (backup->directory < 0)
		return fail(backup, backup->path, -errno);
	if (flock(backup->directory, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return fail(backup, backup->path, -errno);
		tool_complain(backup->tool.command, "%s: another backup is being made there",
			backup->path);
		return TOOL_TRY_AGAIN;
	}
	r = backups_clean(backup->directory);
	return r < 0 ? fail(backup, backup->path, r) : TOOL_DONE;
}

static bool is_there(const struct backup *backup, const char *name)
{
	return faccessat(backup->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A name of this second; if there is one already, of a later. */
static void choose_name(struct backup *backup)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 * 1000 };

	for (;;) {
		backups_name(timestamp_now(), backup->name);
		snprintf(backup->unfinished, NAME_SIZE, "%s%s", backup->name, BACKUPS_UNFINISHED);
		snprintf(backup->damaged, NAME_SIZE, "%s%s", backup->name, BACKUPS_DAMAGED);
		if (!is_there(backup, backup->name) && !is_there(backup, backup->damaged))
			return;
		nanosleep(&moment, NULL);
	}
}

static int on_copied(void *context, uint64_t bytes)
{
	struct backup *backup = context;

	backup->copied += bytes;
	progress_say(&backup->progress, "%" PRIu64 " MB copied", backup->copied / 1000000);
	return 0;
}

/* Copies what the store has made ready. */
static int copy_out(struct backup *backup)
{
	const char *home = backup->tool.config->store.home;
	_cleanup_(closing_fd) int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return fail(backup, home, -errno);
	backup->progress = progress_begin("");
	r = tree_copy(fd, HOME_BACKUP, backup->directory, backup->unfinished, on_copied, backup);
	progress_clear(&backup->progress);
	if (r == 0)
		r = tree_size(backup->directory, backup->unfinished, &backup->size);
	if (r == 0)
		return TOOL_DONE;
	tree_remove(backup->directory, backup->unfinished);
	tool_complain(backup->tool.command, "cannot copy from %s to %s: %s", home, backup->path,
		strerror(-r));
	return TOOL_FAILED;
}

static int make_copy(struct backup *backup)
{
	int status = copy_begin(&backup->tool);

	if (status != TOOL_DONE)
		return status;
	status = copy_out(backup);
	return tool_gravest(status, copy_end(&backup->tool));
}

/* Gives it the name that it deserves. */
static int verify(struct backup *backup)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };
	const char *name;
	int status;

	buffer_print(&path, "%s/%s", backup->path, backup->unfinished);
	if (!buffer_string(&path))
		return fail(backup, backup->path, -ENOMEM);
	status = verify_store(backup->tool.command, path.data, &backup->verification);
	name = status == TOOL_DONE && backup->verification.good ? backup->name : backup->damaged;
	if (renameat(backup->directory, backup->unfinished, backup->directory, name) < 0 ||
		fsync(backup->directory) < 0)
		return fail(backup, backup->path, -errno);
	if (name == backup->name)
		return TOOL_DONE;
	if (status == TOOL_DONE)
		verify_complain(backup->tool.command, &backup->verification);
	tool_complain(backup->tool.command, "%s/%s: the backup is not good", backup->path, name);
	return TOOL_FAILED;
}

static int remove_backup(struct backup *backup, const char *name)
{
	int r = tree_remove(backup->directory, name);

	if (r < 0)
		return fail(backup, name, r);
	buffer_print(&backup->text, "removed %s\n", name);
	if (backup->removed.len > 0)
		buffer_append(&backup->removed, ",", 1);
	json_append_string(&backup->removed, slice_of(name));
	return TOOL_DONE;
}

/* Removes the oldest ones, down to so many. */
static int keep_newest(struct backup *backup, size_t keep)
{
	_cleanup_(backups_release) struct backups backups = { 0 };
	int status = TOOL_DONE;
	int r = backups_list(backup->directory, &backups);

	if (r < 0)
		return fail(backup, backup->path, r);
	for (size_t i = 0; i + keep < backups.count && status == TOOL_DONE; i++)
		status = remove_backup(backup, backups_at(&backups, i));
	return status;
}

static int print(struct backup *backup)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_print(&path, "%s/%s", backup->path, backup->name);
	if (backup->tool.json) {
		buffer_append_string(&text, "{\"path\":");
		json_append_string(&text, buffer_slice(&path));
		buffer_print(&text, ",\"bytes\":%" PRIu64 ",", backup->size);
		verify_append_json(&text, &backup->verification);
		buffer_append_string(&text, ",\"removed\":[");
		buffer_append_slice(&text, buffer_slice(&backup->removed));
		buffer_append_string(&text, "]}");
		return output_json(&backup->tool, &text);
	}
	text_append(&text, buffer_slice(&path), TEXT_UNCUT);
	buffer_append_string(&text, ": ");
	quantity_bytes(&text, backup->size);
	buffer_append_string(&text, ", ");
	verify_append_counts(&text, &backup->verification);
	buffer_append_string(&text, "\n");
	buffer_append_slice(&text, buffer_slice(&backup->text));
	return output_text(&backup->tool, &text);
}

int backup_run(int argc, char **argv)
{
	_cleanup_(backup_close) struct backup backup = { .directory = -1 };
	struct arguments arguments = { 0 };
	int operands;
	int result = options_parse(&backup_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	backup.path = argv[1];
	result = tool_open(&backup.tool, &backup_command, &arguments.common);
	if (result == TOOL_DONE)
		result = open_directory(&backup);
	if (result != TOOL_DONE)
		return result;
	choose_name(&backup);
	result = make_copy(&backup);
	if (result == TOOL_DONE)
		result = verify(&backup);
	if (result == TOOL_DONE && arguments.keep > 0)
		result = keep_newest(&backup, (size_t)arguments.keep);
	return backup.verification.good ? tool_gravest(result, print(&backup)) : result;
}
