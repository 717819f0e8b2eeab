/* Looking at the end of the log, see log_end.h. */
#include "stored/log_end.h"

#include "lib/logfile.h"
#include "lib/result.h"
#include "lib/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

static void closing_directory(DIR *const *directory)
{
	if (*directory)
		closedir(*directory);
}

/* NULL, with errno set, if it cannot be read. */
static DIR *open_directory(int log_fd)
{
	int fd = openat(log_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory && fd >= 0)
		close(fd);
	return directory;
}

/* The number of the newest log file; 0 if there is none. */
static int find_newest(int log_fd, uint32_t *ret_number)
{
	_cleanup_(closing_directory) DIR *directory = open_directory(log_fd);
	const struct dirent *entry;
	uint32_t newest = 0;

	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		uint32_t number = logfile_number(entry->d_name);

		if (number > newest)
			newest = number;
	}
	*ret_number = newest;
	return 0;
}

static int check_file(struct logfile *file, uint32_t number, struct log_damage *ret_damage)
{
	struct log_record record;
	bool goes_on;
	int r;

	while ((r = logfile_next(file, &record)) == 0)
		;
	if (r < 0)
		return r == -EPROTONOSUPPORT ? 0 : r;
	r = logfile_goes_on(file, &goes_on);
	if (r == 0 && goes_on)
		*ret_damage = (struct log_damage){ number, logfile_offset(file) };
	return r;
}

int log_end_check(int home_fd, struct log_damage *ret_damage)
{
	_cleanup_(closing_fd) int log_fd = tree_open(home_fd, "log");
	struct logfile *file;
	uint32_t newest = 0;
	int r;

	*ret_damage = (struct log_damage){ 0 };
	if (log_fd < 0)
		return log_fd;
	r = find_newest(log_fd, &newest);
	if (r < 0 || newest == 0)
		return r;
	r = logfile_open(log_fd, newest, &file);
	if (r != 0)
		return r == LOGFILE_NOTHING || r == -EPROTONOSUPPORT ? 0 : r;
	r = check_file(file, newest, ret_damage);
	logfile_free(file);
	return r;
}

static int sync_file(int log_fd, const char *name)
{
	_cleanup_(closing_fd) int fd = openat(log_fd, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fdatasync(fd) < 0 ? -errno : 0;
}

int log_end_sync(int home_fd)
{
	_cleanup_(closing_fd) int log_fd = tree_open(home_fd, "log");
	_cleanup_(closing_directory) DIR *directory = log_fd < 0 ? NULL : open_directory(log_fd);
	const struct dirent *entry;
	int r = 0;

	if (!directory)
		return log_fd < 0 ? log_fd : -errno;
	while (r == 0 && (entry = readdir(directory)))
		if (logfile_number(entry->d_name) > 0)
			r = sync_file(log_fd, entry->d_name);
	return r == 0 && fsync(log_fd) < 0 ? -errno : r;
}
