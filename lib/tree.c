/*
 * Directories and all in them, see tree.h. How deep they go is bounded by what a path may
 * be, for each level is entered by its name.
 */
#include "lib/tree.h"

#include "lib/result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK = 1 << 20, DEPTH_MAX = 16 };

static void closing_directory(DIR *const *directory)
{
	if (*directory)
		closedir(*directory);
}

int tree_open(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int tree_sync(int directory)
{
	return fsync(directory) < 0 ? -errno : 0;
}

typedef int visitor(int directory, const char *name, const struct stat *status, void *context);

/* Calls for each entry of a directory until one call fails. Takes the descriptor over. */
static int each_entry(int fd, visitor *visit, void *context)
{
	_cleanup_(closing_directory) DIR *directory = fdopendir(fd);
	const struct dirent *entry;
	struct stat status;
	int r = 0;

	if (!directory) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		r = visit(fd, entry->d_name, &status, context);
		errno = 0;
	}
	return r < 0 ? r : -errno;
}

/* The same, for a directory that is named. */
static int each_in(int parent, const char *name, visitor *visit, void *context)
{
	int fd = tree_open(parent, name);

	return fd < 0 ? fd : each_entry(fd, visit, context);
}

/* ---- removing ---- */

static int remove_entry(int directory, const char *name, const struct stat *status, void *context)
{
	int r;

	if (!S_ISDIR(status->st_mode))
		return unlinkat(directory, name, 0) < 0 ? -errno : 0;
	r = each_in(directory, name, remove_entry, context);
	if (r < 0)
		return r;
	return unlinkat(directory, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int tree_remove(int parent, const char *name)
{
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return remove_entry(parent, name, &status, NULL);
}

/* ---- measuring ---- */

static int measure_entry(int directory, const char *name, const struct stat *status, void *context)
{
	uint64_t *bytes = context;

	if (S_ISDIR(status->st_mode))
		return each_in(directory, name, measure_entry, context);
	*bytes += (uint64_t)status->st_blocks * 512;
	return 0;
}

int tree_size(int parent, const char *name, uint64_t *ret_bytes)
{
	uint64_t bytes = 0;
	int r = each_in(parent, name, measure_entry, &bytes);

	if (r == 0)
		*ret_bytes = bytes;
	return r;
}

/* ---- giving ---- */

struct owner {
	uid_t user;
	gid_t group;
};

static int give_entry(int directory, const char *name, const struct stat *status, void *context)
{
	const struct owner *owner = context;

	if (S_ISDIR(status->st_mode)) {
		int r = each_in(directory, name, give_entry, context);

		if (r < 0)
			return r;
	}
	if (fchownat(directory, name, owner->user, owner->group, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

int tree_give(int parent, const char *name, uid_t owner, gid_t group)
{
	struct owner to = { owner, group };
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return give_entry(parent, name, &status, &to);
}

/* ---- copying ---- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static bool is_zero(const char *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* Copies one chunk. Returns how many bytes, 0 at the end, or -errno. */
static ssize_t copy_chunk(int from, int to, char *chunk, size_t size)
{
	ssize_t n;
	int r;

	do
		n = read(from, chunk, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	if (is_zero(chunk, (size_t)n))
		r = lseek(to, n, SEEK_CUR) < 0 ? -errno : 0;
	else
		r = write_all(to, chunk, (size_t)n);
	return r < 0 ? r : n;
}

static int copy_content(int from, int to, uint64_t size, tree_copied *copied, void *context)
{
	_cleanup_(freeing_memory) char *chunk = malloc(CHUNK);
	uint64_t done = 0;
	int r = 0;

	if (!chunk)
		return -ENOMEM;
	while (r == 0 && done < size) {
		size_t wanted = size - done < CHUNK ? (size_t)(size - done) : CHUNK;
		ssize_t n = copy_chunk(from, to, chunk, wanted);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO; /* it has become shorter */
		done += (uint64_t)n;
		r = copied ? copied(context, (uint64_t)n) : 0;
	}
	if (r == 0 && (ftruncate(to, (off_t)size) < 0 || fsync(to) < 0))
		r = -errno;
	return r;
}

int tree_copy_file(int from_parent, const char *from, int to_parent, const char *to, uint64_t size,
	tree_copied *copied, void *context)
{
	_cleanup_(closing_fd) int in = openat(from_parent, from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(closing_fd) int out = -1;

	if (in < 0)
		return -errno;
	out = openat(to_parent, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (out < 0)
		return -errno;
	return copy_content(in, out, size, copied, context);
}

struct copy {
	int to; /* the directory that entries go to */
	int depth;
	tree_copied *copied;
	void *context;
};

static int copy_entry(int directory, const char *name, const struct stat *status, void *context);

static int copy_directory(int from_parent, const char *from, const char *to,
	const struct copy *copy)
{
	struct copy inner = *copy;
	_cleanup_(closing_fd) int fd = -1;
	int r;

	if (++inner.depth > DEPTH_MAX)
		return -ELOOP;
	if (mkdirat(copy->to, to, 0750) < 0)
		return -errno;
	fd = tree_open(copy->to, to);
	if (fd < 0)
		return fd;
	inner.to = fd;
	r = each_in(from_parent, from, copy_entry, &inner);
	return r < 0 ? r : tree_sync(fd);
}

static int copy_entry(int directory, const char *name, const struct stat *status, void *context)
{
	const struct copy *copy = context;

	if (S_ISDIR(status->st_mode))
		return copy_directory(directory, name, name, copy);
	if (!S_ISREG(status->st_mode))
		return -EINVAL;
	return tree_copy_file(directory, name, copy->to, name, (uint64_t)status->st_size,
		copy->copied, copy->context);
}

int tree_copy(int from_parent, const char *from, int to_parent, const char *to, tree_copied *copied,
	void *context)
{
	struct copy copy = { .to = to_parent, .copied = copied, .context = context };
	int r = copy_directory(from_parent, from, to, &copy);

	return r < 0 ? r : tree_sync(to_parent);
}
