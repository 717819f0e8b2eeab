/*
 * Replacing files, see replacement.h.
 *
 * The new file is the lock, too: it lies beside the old one under a name of its own, so nobody
 * can hold it who could not replace the file anyway. What a program that was killed has left
 * there is locked by nobody, and is used by the next.
 */
#include "cli/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Where the file is; itself where there is none yet. */
static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);

	return real || errno != ENOENT ? real : strdup(path);
}

/* Whether the path still leads to what is open: whoever held it before may have used it up. */
static bool is_there(const char *path, int fd)
{
	struct stat at_path, opened;

	return fstat(fd, &opened) == 0 && lstat(path, &at_path) == 0 &&
	       opened.st_ino == at_path.st_ino && opened.st_dev == at_path.st_dev;
}

static int lock(const char *path, int *ret_fd)
{
	for (;;) {
		_cleanup_(closing_fd) int fd =
			open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		int r;

		if (fd < 0)
			return -errno;
		do
			r = flock(fd, LOCK_EX);
		while (r < 0 && errno == EINTR);
		if (r < 0)
			return -errno;
		if (is_there(path, fd)) {
			*ret_fd = take_fd(&fd);
			return 0;
		}
	}
}

int replacement_begin(const char *path, struct replacement *replacement)
{
	replacement->path = resolve(path);
	if (!replacement->path)
		return -errno;
	if (asprintf(&replacement->fresh, "%s.new", replacement->path) < 0) {
		replacement->fresh = NULL;
		return -ENOMEM;
	}
	return lock(replacement->fresh, &replacement->fd);
}

void replacement_end(struct replacement *replacement)
{
	if (replacement->fd >= 0) {
		unlink(replacement->fresh);
		close(replacement->fd);
	}
	free(replacement->path);
	free(replacement->fresh);
	*replacement = REPLACEMENT_NONE;
}

static int write_all(int fd, struct slice text)
{
	if (ftruncate(fd, 0) < 0)
		return -errno;
	for (size_t done = 0; done < text.len;) {
		ssize_t n = pwrite(fd, text.data + done, text.len - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Who is not root may not give it to a group that they are not in; then it is their own file. */
static int set_group(int fd, const char *name)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	if (group && fchown(fd, (uid_t)-1, group->gr_gid) < 0 && errno != EPERM)
		return -errno;
	return fchmod(fd, 0640) < 0 ? -errno : 0;
}

static int set_rights(const char *path, int fd, const char *group)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return errno == ENOENT ? set_group(fd, group) : -errno;
	if (fchown(fd, status.st_uid, status.st_gid) < 0 || fchmod(fd, status.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

/* So that the name, too, is on the disk. */
static int flush_directory(const char *path)
{
	_cleanup_(freeing_memory) char *copy = strdup(path);
	_cleanup_(closing_fd) int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int replacement_commit(struct replacement *replacement, struct slice text, const char *group)
{
	int r = write_all(replacement->fd, text);

	if (r == 0)
		r = set_rights(replacement->path, replacement->fd, group);
	if (r == 0 && fsync(replacement->fd) < 0)
		r = -errno;
	if (r == 0 && rename(replacement->fresh, replacement->path) < 0)
		r = -errno;
	if (r < 0)
		return r;
	close(take_fd(&replacement->fd));
	return flush_directory(replacement->path);
}
