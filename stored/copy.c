/*
 * The copy of a store, see copy.h.
 *
 * DB_ENV->backup() would do much the same, but while it runs it takes the environment's
 * error callback away, for the other threads too, and it cannot be broken off. Its parts
 * serve better: DB_ENV->dbbackup() for a table, and the log's files, which are plain files
 * that only grow. The last of them is copied up to the end that the library tells, so that
 * no part of a later record is behind it.
 */
#include "stored/copy.h"

#include "lib/mark.h"
#include "lib/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { NAME_SIZE = 64 };

struct copy {
	struct environment *environment;
	const atomic_bool *stop;
	char name[NAME_SIZE]; /* of the directory while it is not whole */
	int directory;
	int data, log; /* below it */
};

static void copy_close(const struct copy *copy)
{
	closing_fd(&copy->data);
	closing_fd(&copy->log);
	closing_fd(&copy->directory);
}

static int unfinished_name(const char *name, char unfinished[static NAME_SIZE])
{
	return snprintf(unfinished, NAME_SIZE, "%s.new", name) < NAME_SIZE ? 0 : -ENAMETOOLONG;
}

static int make_directory(int parent, const char *name, int *ret_fd)
{
	int fd;

	if (mkdirat(parent, name, 0750) < 0)
		return -errno;
	fd = tree_open(parent, name);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int make_directories(struct copy *copy)
{
	int home = environment_home_fd(copy->environment);
	int r = make_directory(home, copy->name, &copy->directory);

	if (r == 0)
		r = make_directory(copy->directory, "data", &copy->data);
	return r == 0 ? make_directory(copy->directory, "log", &copy->log) : r;
}

/* Whether it may go on with so many bytes more. */
static int may_go_on(const struct copy *copy, uint64_t bytes)
{
	if (copy->stop && atomic_load(copy->stop))
		return -ECANCELED;
	return environment_has_room(copy->environment, bytes) ? 0 : -ENOSPC;
}

/* All of it must fit, as far as can be said before. */
static int check_room(const struct copy *copy)
{
	int home = environment_home_fd(copy->environment);
	uint64_t data, log;
	int r = tree_size(home, "data", &data);

	if (r == 0)
		r = tree_size(home, "log", &log);
	return r == 0 ? may_go_on(copy, data + log) : r;
}

/* ---- tables ---- */

/* The library makes files that only their owner can read, and does not flush them. */
static int finish_table(const struct copy *copy, const char *file)
{
	_cleanup_(closing_fd) int fd = openat(copy->data, file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0640) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int copy_table(const struct copy *copy, const char *target, int data, const char *file)
{
	DB_ENV *handle = environment_handle(copy->environment);
	struct stat status;
	int r;

	if (fstatat(data, file, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	r = may_go_on(copy, (uint64_t)status.st_size);
	if (r == 0)
		r = environment_error(handle->dbbackup(handle, file, target, 0));
	return r == 0 ? finish_table(copy, file) : r;
}

static int copy_each_table(const struct copy *copy, const char *target, DIR *data)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (errno = 0, entry = readdir(data)))
		if (environment_is_table(entry->d_name))
			r = copy_table(copy, target, dirfd(data), entry->d_name);
	return r < 0 ? r : -errno;
}

static int copy_tables(const struct copy *copy)
{
	_cleanup_(buffer_release) struct buffer target = { 0 };
	int fd = tree_open(environment_home_fd(copy->environment), "data");
	DIR *data;
	int r;

	if (fd < 0)
		return fd;
	data = fdopendir(fd);
	if (!data) {
		close(fd);
		return -ENOMEM;
	}
	buffer_print(&target, "%s/%s/data", environment_home(copy->environment), copy->name);
	r = buffer_string(&target) ? copy_each_table(copy, target.data, data) : -ENOMEM;
	closedir(data);
	return r < 0 ? r : tree_sync(copy->data);
}

/* ---- log ---- */

/* Where the log ends; all before that is in its files afterwards. */
static int find_end(struct environment *environment, struct log_end *ret_end)
{
	int r = environment_end(environment, ret_end);

	return r < 0 ? r : environment_flush(environment);
}

static int on_copied(void *context, uint64_t bytes)
{
	(void)bytes;
	return may_go_on(context, 0);
}

static int copy_log(struct copy *copy, int from, const char *file, const struct log_end *end)
{
	unsigned long number = strtoul(file + strcspn(file, "0123456789"), NULL, 10);
	uint64_t size = end->offset;
	struct stat status;
	int r;

	if (number > end->file)
		return 0;
	if (number < end->file) {
		if (fstatat(from, file, &status, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		size = (uint64_t)status.st_size;
	}
	r = may_go_on(copy, size);
	return r == 0 ? tree_copy_file(from, file, copy->log, file, size, on_copied, copy) : r;
}

static int copy_logs(struct copy *copy)
{
	_cleanup_(closing_fd) int from = tree_open(environment_home_fd(copy->environment), "log");
	_cleanup_(freeing_memory) char **files = NULL;
	DB_ENV *handle = environment_handle(copy->environment);
	struct log_end end;
	int r = from < 0 ? from : find_end(copy->environment, &end);

	if (r == 0)
		r = environment_error(handle->log_archive(handle, &files, DB_ARCH_LOG));
	for (size_t i = 0; r == 0 && files && files[i]; i++)
		r = copy_log(copy, from, files[i], &end);
	return r < 0 ? r : tree_sync(copy->log);
}

/* ---- all of it ---- */

/* The mark comes last, and then the name. */
static int finish(const struct copy *copy, const char *name)
{
	int home = environment_home_fd(copy->environment);
	int r = mark_copy(copy->directory);

	if (r < 0)
		return r;
	if (renameat(home, copy->name, home, name) < 0)
		return -errno;
	return tree_sync(home);
}

int copy_make(struct environment *environment, const char *name, const atomic_bool *stop)
{
	_cleanup_(copy_close) struct copy copy = {
		.environment = environment,
		.stop = stop,
		.directory = -1,
		.data = -1,
		.log = -1,
	};
	int r = unfinished_name(name, copy.name);

	if (r == 0)
		r = copy_remove(environment, name);
	if (r == 0)
		r = check_room(&copy);
	if (r == 0)
		r = make_directories(&copy);
	if (r == 0)
		r = copy_tables(&copy);
	if (r == 0)
		r = copy_logs(&copy);
	if (r == 0)
		r = finish(&copy, name);
	if (r < 0)
		copy_remove(environment, name);
	return r;
}

int copy_remove(struct environment *environment, const char *name)
{
	int home = environment_home_fd(environment);
	char unfinished[NAME_SIZE];
	int r = unfinished_name(name, unfinished);

	if (r == 0)
		r = tree_remove(home, name);
	return r == 0 ? tree_remove(home, unfinished) : r;
}
