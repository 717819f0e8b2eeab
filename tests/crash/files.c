/* Trees of files, see files.h. */
#include "tests/crash/files.h"

#include "lib/result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum { DEPTH = 16, CHUNK = 1 << 20 };

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void files_remove(const char *path)
{
	nftw(path, remove_one, DEPTH, FTW_DEPTH | FTW_PHYS);
}

static void freeing_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int visit_entry(const char *directory, const char *name, files_visit *visit, void *context);

/* `below` is a path below the directory, "" or ending in a slash. */
static int walk(const char *directory, const char *below, files_visit *visit, void *context)
{
	_cleanup_(freeing_directory) DIR *open_directory = NULL;
	const struct dirent *entry;
	char path[PATH_MAX], name[PATH_MAX];
	int r = 0;

	snprintf(path, sizeof(path), "%s/%s", directory, below);
	open_directory = opendir(path);
	if (!open_directory)
		return -errno;
	while (r == 0 && (entry = readdir(open_directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(name, sizeof(name), "%s%s", below, entry->d_name) >= PATH_MAX)
			return -ENAMETOOLONG;
		r = visit_entry(directory, name, visit, context);
	}
	return r;
}

static int visit_entry(const char *directory, const char *name, files_visit *visit, void *context)
{
	char path[PATH_MAX];
	struct stat status;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (lstat(path, &status) < 0)
		return -errno;
	if (S_ISREG(status.st_mode))
		return visit(context, name);
	if (snprintf(path, sizeof(path), "%s/", name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return S_ISDIR(status.st_mode) ? walk(directory, path, visit, context) : 0;
}

int files_walk(const char *directory, files_visit *visit, void *context)
{
	return walk(directory, "", visit, context);
}

struct copying {
	const char *from, *to;
};

static int make_parents(const char *directory, const char *name)
{
	char path[PATH_MAX];

	if (mkdir(directory, 0750) < 0 && errno != EEXIST)
		return -errno;
	for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
		snprintf(path, sizeof(path), "%s/%.*s", directory, (int)(slash - name), name);
		if (mkdir(path, 0750) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int copy_one(void *context, const char *name)
{
	const struct copying *copying = context;
	_cleanup_(closing_fd) int from_fd = -1;
	_cleanup_(closing_fd) int to_fd = -1;
	char path[PATH_MAX];
	ssize_t n;
	int r = make_parents(copying->to, name);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/%s", copying->from, name);
	from_fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/%s", copying->to, name);
	to_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (from_fd < 0 || to_fd < 0)
		return -errno;
	while ((n = sendfile(to_fd, from_fd, NULL, CHUNK)) > 0)
		;
	return n < 0 ? -errno : 0;
}

int files_copy(const char *from, const char *to)
{
	struct copying copying = { .from = from, .to = to };
	int r = make_parents(to, "");

	return r < 0 ? r : files_walk(from, copy_one, &copying);
}
