/* Verifying a store, see verify.h. */
#include "cli/verify.h"
#include "cli/progress.h"
#include "lib/clock.h"
#include "lib/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

enum {
	OUTCOME_MAX = 1 << 20, /* bytes; a hundred sentences at most */
	TICK = 250,	       /* milliseconds */
};

static const char PROGRAM[] = "tidings-stored";

/* Where this program is; empty if that cannot be found out. */
static void find_self(char directory[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", directory, PATH_MAX - 1);
	char *end;

	directory[n > 0 ? n : 0] = '\0';
	end = strrchr(directory, '/');
	if (end)
		*end = '\0';
}

/* Beside this program where that was built, or is installed; else where it was to be installed. */
static int find_program(struct buffer *path)
{
	static const char *const beside[] = { "/../stored/", "/../sbin/" };
	char self[PATH_MAX];

	find_self(self);
	for (size_t i = 0; i < ARRAY_LENGTH(beside); i++) {
		buffer_clear(path);
		buffer_print(path, "%s%s%s", self, beside[i], PROGRAM);
		if (*self && buffer_string(path) && access(path->data, X_OK) == 0)
			return 0;
	}
	buffer_clear(path);
	buffer_print(path, "%s/%s", SBINDIR, PROGRAM);
	return buffer_string(path) ? 0 : -ENOMEM;
}

/* Starts the check; its standard output is read from *ret_fd. Returns 0 or -errno. */
static int start(const char *program, const char *path, int *ret_fd, pid_t *ret_pid)
{
	const char *const arguments[] = { PROGRAM, "--check", path, "--json", NULL };
	_cleanup_(closing_fd) int from = -1, to = -1;
	posix_spawn_file_actions_t actions;
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	from = ends[0];
	to = ends[1];
	r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	if (r == 0)
		r = -posix_spawn(ret_pid, program, &actions, NULL, (char *const *)arguments,
			environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r == 0)
		*ret_fd = take_fd(&from);
	return r;
}

/* Until something can be read; on a terminal it is told how long that takes. */
static void wait_for_output(int fd, struct progress *progress)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	while (poll(&pollfd, 1, TICK) <= 0)
		progress_say(progress, "the store is being checked, %lld s",
			(long long)(clock_ms() - progress->begun) / 1000);
}

static int read_all(int fd, struct buffer *text, struct progress *progress)
{
	enum { CHUNK = 4096 };
	ssize_t n;

	text->limit = OUTCOME_MAX;
	do {
		char *to = buffer_reserve(text, CHUNK);

		if (!to)
			return buffer_status(text);
		wait_for_output(fd, progress);
		do
			n = read(fd, to, CHUNK);
		while (n < 0 && errno == EINTR);
		text->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

/* Waits for its end. Returns the exit status, or -ECHILD if it had none. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

/* Runs it to its end. Returns 0 if nothing was found, 1 for problems, or -errno. */
static int run(const char *path, struct buffer *text)
{
	_cleanup_(buffer_release) struct buffer program = { 0 };
	_cleanup_(closing_fd) int fd = -1;
	int r = find_program(&program);
	struct progress progress;
	pid_t pid = -1;
	int ended;

	if (r == 0)
		r = start(program.data, path, &fd, &pid);
	if (r < 0)
		return r;
	progress = progress_begin("checked");
	r = read_all(fd, text, &progress);
	progress_clear(&progress);
	close(take_fd(&fd)); /* one that has more to say is not waited for */
	ended = wait_for(pid);
	if (r == 0 && (ended < 0 || ended > 1))
		r = -ECHILD;
	return r < 0 ? r : ended;
}

static struct json_object *member(const struct verification *verification, const char *name)
{
	return json_object_object_get(verification->outcome, name);
}

int verify_store(const struct command_spec *command, const char *path,
	struct verification *ret_verification)
{
	_cleanup_(verification_release) struct verification verification = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int r = run(path, &text);

	if (r < 0) {
		tool_complain(command, "cannot check %s by %s: %s", path, PROGRAM, strerror(-r));
		return TOOL_FAILED;
	}
	if (text.len == 0 || json_parse(buffer_slice(&text), &verification.outcome) != 0 ||
		!json_object_is_type(member(&verification, "problems"), json_type_array))
		return TOOL_FAILED; /* it has told why on standard error */
	verification.good = r == 0;
	*ret_verification = take(verification);
	return TOOL_DONE;
}

void verification_release(struct verification *verification)
{
	json_object_put(verification->outcome);
	*verification = (struct verification){ 0 };
}

void verify_complain(const struct command_spec *command, const struct verification *verification)
{
	struct json_object *problems = member(verification, "problems");
	size_t count = json_object_array_length(problems);
	int64_t all = json_object_get_int64(member(verification, "problemCount"));

	for (size_t i = 0; i < count; i++)
		tool_complain(command, "%s",
			json_object_get_string(json_object_array_get_idx(problems, i)));
	if (all > (int64_t)count)
		tool_complain(command, "... and %" PRId64 " more", all - (int64_t)count);
}

void verify_append_counts(struct buffer *to, const struct verification *verification)
{
	static const struct {
		const char *member, *one;
	} counts[] = {
		{ "users", "user" },
		{ "notifications", "notification" },
		{ "broadcasts", "broadcast" },
	};
	struct json_object *counted = member(verification, "counted");

	for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
		int64_t n = json_object_get_int64(
			json_object_object_get(counted, counts[i].member));

		buffer_print(to, "%s%" PRId64 " %s", i > 0 ? ", " : "", n,
			n == 1 ? counts[i].one : counts[i].member);
	}
}

void verify_append_json(struct buffer *to, const struct verification *verification)
{
	struct slice text = slice_of(
		json_object_to_json_string_ext(verification->outcome, JSON_C_TO_STRING_PLAIN));

	buffer_append(to, text.data + 1, text.len - 2); /* less the braces */
}
