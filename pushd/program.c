/* The program and its command line, see program.h. */
#include "pushd/program.h"

#include "lib/result.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_SIZE = 64 };

static const char SELF[] = "/proc/self/exe";

/* The options that this module adds, by which it knows the one of before. */
static const char *const own_options[] = { "--take-over=", "--check-state=" };

static bool is_own_option(const char *argument)
{
	for (size_t i = 0; argument && i < ARRAY_LENGTH(own_options); i++)
		if (strncmp(argument, own_options[i], strlen(own_options[i])) == 0)
			return true;
	return false;
}

static bool is_this_program(const char *path)
{
	struct stat self, named;

	return path[0] == '/' && stat(SELF, &self) == 0 && stat(path, &named) == 0 &&
	       self.st_dev == named.st_dev && self.st_ino == named.st_ino;
}

static int find_path(const char *name, char **ret_path)
{
	char path[PATH_MAX];
	ssize_t n;

	if (is_this_program(name)) {
		*ret_path = strdup(name);
		return *ret_path ? 0 : -ENOMEM;
	}
	n = readlink(SELF, path, sizeof(path));
	if (n < 0 || n == sizeof(path))
		return n < 0 ? -errno : -ENAMETOOLONG;
	*ret_path = strndup(path, (size_t)n);
	return *ret_path ? 0 : -ENOMEM;
}

int program_init(struct program *program, char **argv)
{
	size_t count = 0, rest = is_own_option(argv[0] ? argv[1] : NULL) ? 2 : 1;
	int r;

	*program = (struct program){ 0 };
	if (!argv[0])
		return -EINVAL;
	while (argv[count])
		count++;
	r = find_path(argv[0], &program->path);
	if (r < 0)
		return r;
	program->arguments = calloc(count + 2, sizeof(*program->arguments));
	if (!program->arguments)
		return -ENOMEM;
	program->arguments[0] = argv[0];
	memcpy(program->arguments + 2, argv + rest, (count - rest) * sizeof(*argv));
	return 0;
}

void program_release(struct program *program)
{
	free(take(program->path));
	free(take(program->arguments));
}

/* Writes the option and puts it into its place. */
static void add_option(const struct program *program, char text[static OPTION_SIZE],
	const char *option, int fd)
{
	snprintf(text, OPTION_SIZE, "--%s=%d", option, fd);
	program->arguments[1] = text;
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int fd)
{
	sigset_t none;
	int r;

	sigemptyset(&none);
	r = posix_spawn_file_actions_adddup2(actions, fd, fd); /* takes FD_CLOEXEC away */
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
	return -r;
}

int program_start(const struct program *program, const char *option, int fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char text[OPTION_SIZE];
	pid_t pid = 0;
	int r;

	add_option(program, text, option, fd);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	r = prepare(&actions, &attributes, fd);
	if (r == 0)
		r = -posix_spawn(&pid, program->path, &actions, &attributes, program->arguments,
			environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (r == 0)
		*ret_pid = pid;
	return r;
}

int program_become(const struct program *program, const char *option, int fd)
{
	int flags = fcntl(fd, F_GETFD), r;
	char text[OPTION_SIZE];

	add_option(program, text, option, fd);
	if (flags < 0 || fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) < 0)
		return -errno;
	execve(program->path, program->arguments, environ);
	r = -errno;
	fcntl(fd, F_SETFD, flags);
	return r;
}
