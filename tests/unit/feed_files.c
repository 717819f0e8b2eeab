/* The feed's eyes on the log directory: waking, and files that come and go. */
#include "pushd/feed.h"

#include "tests/tap.h"
#include "tests/unit/log_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SMALL_LOG = 32 * 1024, DEADLINE_MS = 10000 };

static const struct feed_position START = { 1, 0 };

/* Waking */

static bool wait_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, DEADLINE_MS) == 1 && pollfd.revents == POLLIN;
}

static void write_when_told(struct log_fixture *fixture, int told_fd, unsigned first,
	unsigned count)
{
	char byte;

	fixture_open(fixture);
	for (unsigned i = 0; i < count && read(told_fd, &byte, 1) == 1; i++)
		fixture_change(fixture, first + i);
	_exit(0);
}

/* Reads until so many have come; gives up if nothing wakes before the deadline. */
static bool await_changes(struct feed *feed, unsigned *next, unsigned last)
{
	while (*next <= last) {
		if (!wait_readable(feed_fd(feed)) || fixture_read(feed, next, 0) != FEED_NOTHING)
			return false;
	}
	return *next == last + 1;
}

static void test_wake_up(void)
{
	enum { ONE_BY_ONE = 300, AT_ONCE = 5000 };
	struct log_fixture fixture;
	unsigned next = 1;
	struct feed *feed;
	bool all = true;
	int tell[2] = { -1, -1 }, status;
	pid_t pid;

	fixture_make(&fixture, SMALL_LOG);
	fixture_close(&fixture);
	feed = fixture_feed(&fixture, START);
	all &= fixture_read(feed, &next, 0) == FEED_NOTHING && pipe(tell) == 0;
	pid = fork();
	if (pid == 0) {
		close(tell[1]);
		write_when_told(&fixture, tell[0], 1, ONE_BY_ONE + AT_ONCE);
	}
	close(tell[0]);
	for (unsigned i = 1; all && i <= ONE_BY_ONE; i++)
		all = write(tell[1], "x", 1) == 1 && await_changes(feed, &next, i);
	tap_ok(all, "each of %d changes of another process wakes, over several files", ONE_BY_ONE);
	for (unsigned i = 0; all && i < AT_ONCE; i++)
		all = write(tell[1], "x", 1) == 1;
	close(tell[1]);
	tap_ok(all && await_changes(feed, &next, ONE_BY_ONE + AT_ONCE),
		"and %d more, at full speed", AT_ONCE);
	tap_ok(waitpid(pid, &status, 0) == pid && status == 0, "the writer ends well");
	feed_free(feed);
	fixture_remove(&fixture);
}

/* How many events the queue holds before it drops some. */
static unsigned queue_length(void)
{
	_cleanup_(closing_file) FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	unsigned length = 0;

	return file && fscanf(file, "%u", &length) == 1 ? length : 16384;
}

/* The event that tells of the next file is among those dropped: the feed still finds it. */
static void test_overflow(void)
{
	struct log_fixture fixture;
	unsigned next = 1, number = 0;
	struct feed *feed;
	int fds[2];

	fixture_make(&fixture, SMALL_LOG);
	for (int i = 0; i < 2; i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/log/other%d", fixture.home, i);
		fds[i] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	}
	feed = fixture_feed(&fixture, START);
	ok_changes(feed, next, 0, "a log without changes");
	for (unsigned i = 0; i < queue_length() + 10; i++) {
		if (write(fds[i % 2], "x", 1) != 1)
			tap_ok(false, "a write to a file that is none of the log's");
	}
	while (fixture_end(&fixture).file < 3)
		fixture_change(&fixture, ++number);
	tap_ok(wait_readable(feed_fd(feed)), "an overflow wakes");
	while (poll(&(struct pollfd){ feed_fd(feed), POLLIN, 0 }, 1, 0) > 0)
		feed_drain(feed);
	ok_changes(feed, next, number, "all changes after more events than the queue holds");
	close(fds[0]);
	close(fds[1]);
	feed_free(feed);
	fixture_remove(&fixture);
}

static void test_removed_files(void)
{
	struct log_fixture fixture;
	unsigned next = 1, away_next = 1, number = 0;
	struct feed *feed, *away;
	struct change change;

	fixture_make(&fixture, SMALL_LOG);
	feed = fixture_feed(&fixture, START);
	away = fixture_feed(&fixture, START);
	fixture_change(&fixture, ++number);
	ok_changes(feed, next, 1, "the first file");
	ok_changes(away, away_next, 1, "the first file, by another");
	while (fixture_end(&fixture).file < 2)
		fixture_change(&fixture, ++number);
	fixture_change(&fixture, ++number);
	unlink(fixture_log_path(&fixture, 1));
	ok_changes(feed, next, number, "a removed file is read to its end while it is open");
	while (fixture_end(&fixture).file < 4)
		fixture_change(&fixture, ++number);
	unlink(fixture_log_path(&fixture, 2));
	ok_int_equal(fixture_read(away, &away_next, 0), FEED_LOST, "the file after it is gone too");

	feed_begin(away, (struct feed_position){ 2, 5000 });
	ok_int_equal(fixture_read(away, &away_next, 0), FEED_LOST, "begun in a file that is gone");
	feed_begin(away, (struct feed_position){ 3, 0 });
	fixture_change(&fixture, ++number);
	ok_int_equal(feed_next(away, &change), 0, "begun in one that is there");
	ok_changes(feed, next, number, "the first feed still has all");
	feed_free(feed);
	feed_free(away);
	fixture_remove(&fixture);
}

static void test_directories(void)
{
	struct log_fixture fixture;
	char log[80], old[80], command[200];
	struct config config = { .store.home = (char *)"/nonexistent" };
	unsigned next = 1;
	struct feed *feed = NULL;

	ok_int_equal(feed_new(&config, &feed), 0, "a feed of a store that is not there yet");
	feed_begin(feed, START);
	ok_int_equal(fixture_read(feed, &next, 0), -ENOENT, "cannot begin before it is");
	feed = feed_free(feed);
	fixture_make(&fixture, 0);
	feed = fixture_feed(&fixture, START);
	fixture_change(&fixture, 1);
	ok_changes(feed, next, 1, "a log");
	fixture_close(&fixture);

	snprintf(log, sizeof(log), "%s/log", fixture.home);
	snprintf(old, sizeof(old), "%s/old", fixture.home);
	tap_ok(rename(log, old) == 0, "the directory is moved away");
	tap_ok(wait_readable(feed_fd(feed)), "this wakes");
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "and the feed is lost");
	feed_begin(feed, START);
	ok_int_equal(fixture_read(feed, &next, 0), -ENOENT, "it cannot begin without one");
	tap_ok(rename(old, log) == 0, "the directory comes back");
	feed_begin(feed, START);
	next = 1;
	ok_changes(feed, next, 1, "it can begin now");

	/* As a restore does: the same names, other files. */
	tap_ok(rename(log, old) == 0 && mkdir(log, 0700) == 0, "another directory");
	feed_begin(feed, START);
	ok_int_equal(fixture_read(feed, &next, 0), FEED_NOTHING, "an empty one");
	while (feed_drain(feed) == 0 &&
		poll(&(struct pollfd){ feed_fd(feed), POLLIN, 0 }, 1, 0) > 0)
		;
	snprintf(command, sizeof(command), "cp %s/* %s", old, log);
	next = 1;
	tap_ok(system(command) == 0 && await_changes(feed, &next, 1), "its first file wakes");
	feed_free(feed);
	feed_free(NULL);
	fixture_remove(&fixture);
}

/* The last file is replaced by one of the same name: what was read is of another life. */
static void test_replaced_file(void)
{
	struct log_fixture fixture;
	unsigned next = 1;
	struct feed *feed;
	char command[256];

	fixture_make(&fixture, SMALL_LOG);
	feed = fixture_feed(&fixture, START);
	fixture_change(&fixture, 1);
	ok_changes(feed, next, 1, "a log");
	snprintf(command, sizeof(command), "cp %s %s/other && mv %s/other %s",
		fixture_log_path(&fixture, 1), fixture.home, fixture.home,
		fixture_log_path(&fixture, 1));
	tap_ok(system(command) == 0, "another file takes its name");
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "the feed is lost");
	feed_free(feed);
	fixture_remove(&fixture);
}

static void test_permissions(void)
{
	struct log_fixture fixture;
	unsigned next = 1;
	struct feed *feed;
	int status;
	pid_t pid;

	fixture_make(&fixture, SMALL_LOG);
	fixture_close(&fixture);
	chmod(fixture.home, 0755);
	chmod(fixture_log_path(&fixture, 1), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(1);
		feed = fixture_feed(&fixture, START);
		_exit(fixture_read(feed, &next, 0) == -EACCES ? 0 : 2);
	}
	tap_ok(waitpid(pid, &status, 0) == pid && status == 0, "a log file that may not be read");
	chmod(fixture_log_path(&fixture, 1), 0600);
	fixture_remove(&fixture);
}

/* Lets this process open no further files, or as many as before. */
static void limit_descriptors(bool limited)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limited ? 0 : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Without a descriptor to open the next file with it waits, and nothing is lost. */
static void test_no_descriptors(void)
{
	struct log_fixture fixture;
	unsigned next = 1, last = 0;
	struct feed *feed;

	fixture_make(&fixture, SMALL_LOG);
	feed = fixture_feed(&fixture, START);
	fixture_change(&fixture, ++last);
	ok_changes(feed, next, last, "a log");
	while (fixture_end(&fixture).file < 4)
		fixture_change(&fixture, ++last);
	limit_descriptors(true);
	feed_drain(feed);
	ok_int_equal(fixture_read(feed, &next, 0), -EMFILE, "no descriptor for the next file");
	tap_ok(next > 2 && next <= last, "what is open is read to its end");
	limit_descriptors(false);
	ok_changes(feed, next, last, "the same feed goes on when there are descriptors again");

	limit_descriptors(true);
	feed_begin(feed, START);
	ok_int_equal(fixture_read(feed, &next, 0), -EMFILE, "nor one to begin with");
	ok_int_equal(fixture_read(feed, &next, 0), -EMFILE, "and still none");
	limit_descriptors(false);
	next = 1;
	ok_changes(feed, next, last, "it begins when there is one");
	fixture_change(&fixture, ++last);
	tap_ok(wait_readable(feed_fd(feed)), "and is woken");
	ok_changes(feed, next, last, "by what comes then");
	feed_free(feed);
	fixture_remove(&fixture);
}

int main(void)
{
	test_wake_up();
	test_overflow();
	test_removed_files();
	test_directories();
	test_replaced_file();
	test_permissions();
	test_no_descriptors();
	return tap_done();
}
