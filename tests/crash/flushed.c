/*
 * A disk that keeps nothing until it is told to: preloaded into tidings-stored, it
 * keeps a second directory that holds the files of the store's home as they would
 * be found after a power cut.
 *
 *	FLUSHED_HOME	the home
 *	FLUSHED_SHADOW	the second directory; it is as the home was when the machine started
 *
 * What is written to a file reaches its shadow when the file is flushed, by fsync()
 * or fdatasync(). Names behave as on a journalling file system: those made, changed
 * and removed are durable, in their order, once anything at all is flushed. A file
 * that was never flushed is not there after the cut.
 *
 * Flushes take a random time, in which the shadow changes at a random instant: what
 * counts on a flush that is not over yet is found out. Nothing is flushed to a real
 * disk.
 *
 * Writes are seen where they go through write() or pwrite(). A store that wrote
 * through mmap() would lose all of it here; Berkeley DB does not, for its regions
 * are private memory and it maps only files that it opens for reading.
 */
#include "lib/result.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

enum {
	FILES_MAX = 256,
	NAMES_MAX = 256, /* changes of names between two flushes */
	BLOCK = 4096,
	DELAY_US = 1500, /* at most; twice in each flush */
};

/* A range of a file that was written and not flushed; of one not seen before it is all. */
struct dirty {
	ino_t file; /* 0 = unused */
	off_t from, to;
};

/* A change of a name that is not durable. */
struct renamed {
	char *from, *to; /* below the home; to is NULL where it was removed */
};

static char home[PATH_MAX], shadow[PATH_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;     /* of all below */
static pthread_mutex_t flushing = PTHREAD_MUTEX_INITIALIZER; /* one flush at a time; taken first */
static struct dirty dirty[FILES_MAX];
static struct renamed renamed[NAMES_MAX];
static size_t renamed_count;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_unlinkat)(int, const char *, int);

/* Conversions between functions and what dlsym() gives are not in the language. */
static void find(void *ret_function, const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	memcpy(ret_function, &function, sizeof(function));
}

/* A path without symbolic links, with a slash at its end. */
static void set_directory(char directory[static PATH_MAX], const char *name)
{
	const char *value = getenv(name);
	char path[PATH_MAX];

	if (!value || !realpath(value, path) || strlen(path) + 2 > PATH_MAX)
		abort(); /* a run without the shadow would prove nothing */
	strcpy(directory, path);
	strcat(directory, "/");
}

__attribute__((constructor)) static void set_up(void)
{
	find(&real_write, "write");
	find(&real_pwrite, "pwrite");
	find(&real_rename, "rename");
	find(&real_unlink, "unlink");
	find(&real_unlinkat, "unlinkat");
	set_directory(home, "FLUSHED_HOME");
	set_directory(shadow, "FLUSHED_SHADOW");
}

/* The part of a path that is below the home; NULL if it is elsewhere. */
static const char *below_home(const char *path)
{
	size_t len = strlen(home);

	return strncmp(path, home, len) == 0 ? path + len : NULL;
}

/* The same of an open file, or of something in a directory that is open. */
static const char *name_of(int fd, const char *in_it, char path[static PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return NULL;
	path[n] = '\0';
	strncat(path, "/", PATH_MAX - strlen(path) - 1);
	if (in_it)
		strncat(path, in_it, PATH_MAX - strlen(path) - 1);
	else if (strlen(path) > strlen(home))
		path[n] = '\0'; /* but the home itself is below the home */
	return below_home(path);
}

static struct dirty *find_dirty(ino_t file)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (dirty[i].file == file)
			return &dirty[i];
	return NULL;
}

/* A file seen for the first time may have been written by a process that was killed. */
static struct dirty *dirty_of(ino_t file)
{
	struct dirty *found = find_dirty(file);

	if (found)
		return found;
	found = find_dirty(0);
	if (!found)
		abort();
	*found = (struct dirty){ .file = file, .to = INT64_MAX };
	return found;
}

static void note_write(int fd, off_t from, ssize_t n)
{
	int error = errno;
	char path[PATH_MAX];
	struct stat status;
	struct dirty *file;

	if (n <= 0 || !name_of(fd, NULL, path) || fstat(fd, &status) < 0)
		return;
	pthread_mutex_lock(&lock);
	file = dirty_of(status.st_ino);
	if (file->from == file->to)
		file->from = from;
	file->from = from < file->from ? from : file->from;
	file->to = from + n > file->to ? from + n : file->to;
	pthread_mutex_unlock(&lock);
	errno = error;
}

ssize_t write(int fd, const void *data, size_t n)
{
	ssize_t written = real_write(fd, data, n);
	off_t end = written > 0 ? lseek(fd, 0, SEEK_CUR) : -1;

	if (end >= 0)
		note_write(fd, end - written, written);
	return written;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t offset)
{
	ssize_t written = real_pwrite(fd, data, n, offset);

	note_write(fd, offset, written);
	return written;
}

static void note_name(const char *from, const char *to)
{
	struct renamed *one;

	pthread_mutex_lock(&lock);
	if (renamed_count == NAMES_MAX)
		abort();
	one = &renamed[renamed_count++];
	one->from = strdup(from);
	one->to = to ? strdup(to) : NULL;
	pthread_mutex_unlock(&lock);
}

int rename(const char *from, const char *to)
{
	const char *from_name = below_home(from), *to_name = below_home(to);
	int r = real_rename(from, to);

	if (r == 0 && from_name && to_name)
		note_name(from_name, to_name);
	return r;
}

/* The number of a removed file may be given to another one. */
static void forget(ino_t file)
{
	struct dirty *found;

	pthread_mutex_lock(&lock);
	found = find_dirty(file);
	if (found)
		*found = (struct dirty){ 0 };
	pthread_mutex_unlock(&lock);
}

int unlinkat(int directory, const char *path, int flags)
{
	char whole[PATH_MAX];
	const char *name = *path == '/' ? below_home(path) : name_of(directory, path, whole);
	struct stat status = { 0 };
	int r;

	(void)!fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW);
	r = real_unlinkat(directory, path, flags);
	if (r < 0 || !name)
		return r;
	note_name(name, NULL);
	forget(status.st_ino);
	return r;
}

int unlink(const char *path)
{
	return *path == '/' ? unlinkat(AT_FDCWD, path, 0) : real_unlink(path);
}

static void wait_a_moment(void)
{
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof(random), 0);
	usleep(random % DELAY_US);
}

static void shadow_path(const char *name, char path[static PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s%s", shadow, name) >= PATH_MAX)
		abort();
}

static void apply_name(const struct renamed *one)
{
	char from[PATH_MAX], to[PATH_MAX];

	shadow_path(one->from, from);
	if (one->to) {
		shadow_path(one->to, to);
		real_rename(from, to); /* unless it was never flushed */
	} else {
		real_unlink(from);
	}
}

/* With the lock held. */
static void apply_names(void)
{
	for (size_t i = 0; i < renamed_count; i++) {
		apply_name(&renamed[i]);
		free(renamed[i].from);
		free(renamed[i].to);
	}
	renamed_count = 0;
}

static void make_parents(char *path)
{
	for (char *slash = path + strlen(shadow); (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0750);
		*slash = '/';
	}
}

static void copy_range(int from_fd, int to_fd, const struct dirty *range)
{
	char block[BLOCK];
	ssize_t n;

	for (off_t at = range->from / BLOCK * BLOCK; at < range->to; at += n) {
		n = pread(from_fd, block, sizeof(block), at);
		if (n < 0 || real_pwrite(to_fd, block, (size_t)n, at) != n)
			abort();
		if (n < BLOCK)
			return;
	}
}

/* The descriptor may be open for writing only. */
static void copy_to_shadow(int fd, const char *name, const struct dirty *range)
{
	char path[PATH_MAX], link[32];
	_cleanup_(closing_fd) int from_fd = -1;
	_cleanup_(closing_fd) int to_fd = -1;
	struct stat from, to;

	shadow_path(name, path);
	make_parents(path);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	from_fd = open(link, O_RDONLY | O_CLOEXEC);
	to_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (from_fd < 0 || to_fd < 0)
		abort();
	copy_range(from_fd, to_fd, range);
	if (fstat(from_fd, &from) < 0 || fstat(to_fd, &to) < 0 ||
		(to.st_size > from.st_size && ftruncate(to_fd, from.st_size) < 0))
		abort();
}

/* What of this file is to be flushed, which is none any more for the next. */
static struct dirty take_range(const struct stat *status)
{
	struct dirty *file = dirty_of(status->st_ino), taken = *file;

	file->from = file->to = 0;
	return taken;
}

static void flush(int fd, const char *name)
{
	struct dirty range = { 0 };
	struct stat status;
	bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 0;

	pthread_mutex_lock(&flushing);
	pthread_mutex_lock(&lock);
	if (is_file)
		range = take_range(&status);
	pthread_mutex_unlock(&lock);
	wait_a_moment();
	pthread_mutex_lock(&lock);
	apply_names();
	pthread_mutex_unlock(&lock);
	if (is_file)
		copy_to_shadow(fd, name, &range);
	wait_a_moment();
	pthread_mutex_unlock(&flushing);
}

int fsync(int fd)
{
	char path[PATH_MAX];
	const char *name = name_of(fd, NULL, path);

	if (name)
		flush(fd, name);
	return 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}
