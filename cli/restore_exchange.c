/*
 * How a backup becomes the store, see restore.h.
 *
 *	1. the marker is written: from here on nobody opens the store
 *	2. what is there goes to before-restore-TIME
 *	3. the copy's parts take its place, the mark of a copy first
 *	4. the marker is removed
 *
 * If that is broken off, the marker says where the former content goes, and what has come
 * there says how far it was: the tables are moved last, when all else is known to be there.
 * So nothing of the former store is ever removed, and what a copy has left is.
 */
#include "cli/restore.h"

#include "lib/home.h"
#include "lib/result.h"
#include "lib/slice.h"
#include "lib/timestamp.h"
#include "lib/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

static const char BEFORE[] = "before-restore-";

enum { LAST = 2 };

/* The parts of a store, in the order in which they are moved. */
static const char *const parts[LAST + 1] = { "running", "log", "data" };

/* Reads where the former content goes from the marker of an attempt that was broken off. */
static int read_marker(struct restore *restore)
{
	_cleanup_(closing_fd) int fd =
		openat(restore->home, HOME_RESTORING, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, restore->before, sizeof(restore->before) - 1);
	if (n < 0)
		return -errno;
	restore->before[n] = '\0';
	if (strncmp(restore->before, BEFORE, strlen(BEFORE)) != 0 || strchr(restore->before, '/'))
		return -EBADMSG;
	return 0;
}

static bool is_there(int directory, const char *name)
{
	return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A name of this second; if there is one already, of a later. */
static void choose_before(struct restore *restore)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 * 1000 };

	for (;;) {
		char name[BACKUPS_NAME_SIZE];

		backups_name(timestamp_now(), name);
		snprintf(restore->before, sizeof(restore->before), "%s%s", BEFORE,
			name + strcspn(name, "0123456789"));
		if (!is_there(restore->home, restore->before))
			return;
		nanosleep(&moment, NULL);
	}
}

/* Writes it down durably, and only then gives it its name: one that is cut off says nothing. */
static int write_marker(const struct restore *restore)
{
	static const char NEW[] = HOME_RESTORING ".new";
	_cleanup_(closing_fd) int fd = -1;
	int r = tree_remove(restore->home, NEW);

	if (r < 0)
		return r;
	fd = openat(restore->home, NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0 || dprintf(fd, "%s", restore->before) < 0 || fsync(fd) < 0 ||
		renameat(restore->home, NEW, restore->home, HOME_RESTORING) < 0)
		return -errno;
	return tree_sync(restore->home);
}

static int mark(struct restore *restore)
{
	int r = read_marker(restore);

	if (r != -ENOENT)
		return r;
	choose_before(restore);
	return write_marker(restore);
}

/* Opens the directory for the former content, making it if need be, as the home directory is. */
static int open_before(const struct restore *restore, int *ret_fd)
{
	struct stat home;
	int fd;

	if (fstat(restore->home, &home) < 0)
		return -errno;
	if (mkdirat(restore->home, restore->before, 0750) < 0 && errno != EEXIST)
		return -errno;
	fd = tree_open(restore->home, restore->before);
	if (fd < 0)
		return fd;
	if (fchown(fd, home.st_uid, home.st_gid) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Moves a part aside. If that was done before, what stands in its place is a copy's. */
static int move_aside(const struct restore *restore, int before, const char *part)
{
	if (is_there(before, part) || is_there(before, parts[LAST]))
		return tree_remove(restore->home, part);
	if (renameat(restore->home, part, before, part) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

static int sync_both(const struct restore *restore, int before)
{
	int r = tree_sync(before);

	return r < 0 ? r : tree_sync(restore->home);
}

static int move_all_aside(const struct restore *restore)
{
	_cleanup_(closing_fd) int before = -1;
	int r = open_before(restore, &before);

	for (size_t i = 0; r == 0 && i < LAST; i++)
		r = move_aside(restore, before, parts[i]);
	if (r == 0)
		r = sync_both(restore, before);
	if (r == 0)
		r = move_aside(restore, before, parts[LAST]);
	return r < 0 ? r : sync_both(restore, before);
}

static int move_in(const struct restore *restore)
{
	_cleanup_(closing_fd) int copy = tree_open(restore->home, HOME_RESTORE_COPY);

	if (copy < 0)
		return copy;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		if (renameat(copy, parts[i], restore->home, parts[i]) < 0)
			return -errno;
	return tree_sync(restore->home);
}

int restore_exchange(struct restore *restore)
{
	int r = mark(restore);

	if (r == 0)
		r = move_all_aside(restore);
	if (r == 0)
		r = move_in(restore);
	if (r == 0)
		r = tree_remove(restore->home, HOME_RESTORE_COPY);
	if (r == 0)
		r = tree_remove(restore->home, HOME_RESTORING);
	return r < 0 ? r : tree_sync(restore->home);
}

int restore_begin(const char *home, struct restore *ret_restore)
{
	_cleanup_(closing_fd) int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	*ret_restore = (struct restore){ .home = take_fd(&fd) };
	return 0;
}

void restore_end(struct restore *restore)
{
	closing_fd(&restore->home);
	restore->home = -1;
}
