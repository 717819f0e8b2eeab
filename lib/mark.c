/* The mark of a store that is open, see mark.h. */
#include "lib/mark.h"

#include "lib/result.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { BOOT_ID_LENGTH = 36 };

static const char NAME[] = "running", COPY[] = "backup";

/* Reads a short text file; cuts the newline off. */
static int read_line(int directory, const char *path, char *line, size_t size)
{
	_cleanup_(closing_fd) int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, line, size - 1);
	if (n < 0)
		return -errno;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

static int read_boot_id(char id[static BOOT_ID_LENGTH + 1])
{
	return read_line(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, BOOT_ID_LENGTH + 1);
}

int mark_read(int home, struct mark *ret_mark)
{
	char marked[BOOT_ID_LENGTH + 1], current[BOOT_ID_LENGTH + 1];
	int r = read_line(home, NAME, marked, sizeof(marked));

	if (r == -ENOENT) {
		*ret_mark = (struct mark){ 0 };
		return 0;
	}
	if (r == 0)
		r = read_boot_id(current);
	if (r < 0)
		return r;
	ret_mark->went_down = strcmp(marked, current) != 0;
	ret_mark->copied = strcmp(marked, COPY) == 0;
	return 0;
}

static int write_mark(int home, const char *text)
{
	_cleanup_(closing_fd) int fd =
		openat(home, NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fsync(fd) < 0 || fsync(home) < 0)
		return -errno;
	return 0;
}

int mark_running(int home)
{
	char id[BOOT_ID_LENGTH + 1];
	int r = read_boot_id(id);

	return r < 0 ? r : write_mark(home, id);
}

int mark_copy(int home)
{
	return write_mark(home, COPY);
}

void mark_remove(int home)
{
	unlinkat(home, NAME, 0);
}
