/*
 * Log files, as a feed reads them while they are written. The input is
 *
 *	flags, file at which to begin (2 bits), offset (3 bytes), length of the
 *	first file (2 bytes), the first file, the second file
 *
 * With flag 1 the checksums are made right, or nothing would get past them. With
 * flag 2 the files come in two steps; with flag 4 the first is cut in between.
 */
#include "pushd/feed.h"
#include "lib/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEND_SUMS = 1, IN_STEPS = 2, CUT = 4, HEAD = 7 };

static char home[] = "/tmp/tidings-fuzz-log-XXXXXX";
static int directory_fd = -1;
static struct feed *feed;

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void tidy_up(void)
{
	char path[64];

	feed_free(feed);
	for (uint32_t number = 1; number <= 2; number++) {
		logfile_name(number, path);
		unlinkat(directory_fd, path, 0);
	}
	snprintf(path, sizeof(path), "%s/log", home);
	rmdir(path);
	rmdir(home);
}

static void set_up(void)
{
	struct config config = { .store.home = home };
	char path[64];

	demand(mkdtemp(home) != NULL);
	snprintf(path, sizeof(path), "%s/log", home);
	demand(mkdir(path, 0700) == 0);
	directory_fd = open(path, O_DIRECTORY | O_CLOEXEC);
	demand(directory_fd >= 0 && feed_new(&config, &feed) == 0);
	atexit(tidy_up);
}

static uint32_t u32_at(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static void mend_sums(uint8_t *bytes, size_t size)
{
	uint32_t len;

	for (size_t at = 0; at + 12 <= size; at += len) {
		uint32_t sum = 0;

		len = u32_at(bytes + at + 4);
		if (len <= 12 || len > size - at)
			return;
		for (size_t i = at + 12; i < at + len; i++)
			sum = sum * 33 + bytes[i];
		sum ^= u32_at(bytes + at) ^ len;
		memcpy(bytes + at + 8, &sum, sizeof(sum));
	}
}

static void write_file(uint32_t number, const uint8_t *bytes, size_t size)
{
	char name[LOGFILE_NAME_SIZE];
	int fd;

	logfile_name(number, name);
	fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	demand(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

static void remove_file(uint32_t number)
{
	char name[LOGFILE_NAME_SIZE];

	logfile_name(number, name);
	unlinkat(directory_fd, name, 0);
}

/* Whatever it reads, it comes to an end, and stays there until something is written. */
static void read_all(void)
{
	struct feed_position position;
	struct change change;
	int r;

	demand(feed_drain(feed) == 0);
	while ((r = feed_next(feed, &change)) == 0)
		demand(change.user.len > 0 && change.kind < CHANGE_KINDS_COUNT);
	demand(r == FEED_NOTHING || r == FEED_LOST || r == -EPROTONOSUPPORT);
	position = feed_position(feed);
	demand(feed_next(feed, &change) == r);
	demand(feed_position(feed).file == position.file &&
		feed_position(feed).offset == position.offset);
	feed_lag(feed);
}

static void run(uint8_t flags, struct feed_position begin, uint8_t *files[2], const size_t sizes[2])
{
	if (flags & MEND_SUMS) {
		mend_sums(files[0], sizes[0]);
		mend_sums(files[1], sizes[1]);
	}
	remove_file(1);
	remove_file(2);
	if (flags & IN_STEPS) {
		write_file(1, files[0], sizes[0] / 2);
		feed_begin(feed, begin);
		read_all();
	} else {
		feed_begin(feed, begin);
	}
	write_file(1, files[0], sizes[0]);
	read_all();
	if (sizes[1] == 0)
		return;
	if (flags & CUT)
		write_file(1, files[0], sizes[0] / 3);
	write_file(2, files[1], sizes[1]);
	read_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buffer_release) struct buffer copy = { 0 };
	uint8_t *files[2];
	struct feed_position begin;
	size_t sizes[2];

	if (size < HEAD)
		return 0;
	if (!feed)
		set_up();
	begin.file = data[1] & 3;
	begin.offset = (uint32_t)data[2] | (uint32_t)data[3] << 8 | (uint32_t)data[4] << 16;
	sizes[0] = (size_t)data[5] | (size_t)data[6] << 8;
	if (sizes[0] > size - HEAD)
		sizes[0] = size - HEAD;
	sizes[1] = size - HEAD - sizes[0];
	buffer_append(&copy, data, size);
	demand(buffer_status(&copy) == 0);
	files[0] = (uint8_t *)copy.data + HEAD;
	files[1] = files[0] + sizes[0];
	run(data[0], begin, files, sizes);
	return 0;
}
