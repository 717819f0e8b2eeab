/* Looking at the end of the log, see log_end.h. */
#include "stored/log_end.h"

#include "lib/logfile.h"
#include "lib/result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

static void closing_directory(DIR *const *directory)
{
	if (*directory)
		closedir(*directory);
}

/* The number of the newest log file; 0 if there is none. */
static int find_newest(int log_fd, uint32_t *ret_number)
{
	_cleanup_(closing_directory) DIR *directory = NULL;
	const struct dirent *entry;
	uint32_t newest = 0;
	int fd = openat(log_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return -errno;
	}
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
	_cleanup_(closing_fd) int log_fd =
		openat(home_fd, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct logfile *file;
	uint32_t newest = 0;
	int r;

	*ret_damage = (struct log_damage){ 0 };
	if (log_fd < 0)
		return -errno;
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
