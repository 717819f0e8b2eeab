/* The feed, on logs that Berkeley DB writes. */
#include "pushd/feed.h"

#include "pushd/logfile.h"
#include "tests/tap.h"
#include "tests/unit/log_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SMALL_LOG = 32 * 1024, DEADLINE_MS = 10000 };

static const struct feed_position START = { 1, 0 };

static struct feed *new_feed(const struct log_fixture *fixture, struct feed_position position)
{
	struct feed *feed = NULL;
	int r = feed_new(&fixture->config, &feed);

	if (r < 0) {
		printf("Bail out! feed_new: %s\n", strerror(-r));
		exit(1);
	}
	feed_begin(feed, position);
	return feed;
}

/* Reads changes from number *next on for as long as they come; *next is then the next one. */
static int read_changes(struct feed *feed, unsigned *next, size_t padding)
{
	struct change change;
	int r;

	r = feed_drain(feed);
	while (r == 0) {
		r = feed_next(feed, &change);
		if (r != 0)
			return r;
		if (!fixture_is_change(&change, *next, padding)) {
			tap_note("not change %u: user %.*s", *next, (int)change.user.len,
				change.user.data);
			return -EILSEQ;
		}
		(*next)++;
	}
	return r;
}

/* Whether the feed gives exactly the changes from *next to `last`, and then has nothing more. */
static bool gives(struct feed *feed, unsigned *next, unsigned last)
{
	int r = read_changes(feed, next, 0);

	if (r == FEED_NOTHING && *next == last + 1)
		return true;
	tap_note("result %d, change %u would be next, not %u", r, *next, last + 1);
	return false;
}

#define ok_changes(feed, next, last, ...) tap_ok(gives((feed), &(next), (last)), __VA_ARGS__)

static void test_transactions(void)
{
	struct log_fixture fixture;
	unsigned next = 1;
	struct feed *feed;
	DB_TXN *txn;

	fixture_make(&fixture, 0);
	feed = new_feed(&fixture, START);
	ok_changes(feed, next, 0, "a log without changes");

	fixture_change(&fixture, 1);
	ok_changes(feed, next, 1, "one committed change");
	ok_changes(feed, next, 1, "it is given once");

	txn = fixture_begin(&fixture);
	fixture_log(&fixture, txn, 2, 0);
	fixture_end(&fixture);
	ok_changes(feed, next, 1, "in the file, not committed");
	fixture_commit(txn);
	ok_changes(feed, next, 2, "now committed");

	txn = fixture_begin(&fixture);
	fixture_log(&fixture, txn, 99, 0);
	fixture_end(&fixture);
	ok_changes(feed, next, 2, "in the file, to be aborted");
	fixture_abort(txn);
	ok_changes(feed, next, 2, "an aborted change is not given");
	txn = fixture_begin(&fixture);
	fixture_commit(txn);
	ok_changes(feed, next, 2, "nor when a transaction without changes commits");
	fixture_change(&fixture, 3);
	ok_changes(feed, next, 3, "nor with the next one");

	txn = fixture_begin(&fixture);
	for (unsigned i = 4; i < 3004; i++)
		fixture_log(&fixture, txn, i, 0);
	fixture_commit(txn);
	ok_changes(feed, next, 3003, "3,000 changes in one transaction");

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "a message of somebody else");
	fixture_log(&fixture, txn, 3004, 0);
	fixture_log_text(&fixture, txn, "tidings");
	fixture_log(&fixture, NULL, 98, 0);
	fixture_log(&fixture, txn, 3005, 0);
	fixture_commit(txn);
	ok_changes(feed, next, 3005, "foreign messages, and one in no transaction");

	for (unsigned i = 3006; i < 3016; i++) {
		txn = fixture_begin(&fixture);
		fixture_log(&fixture, txn, i, 0);
		fixture.env->txn_checkpoint(fixture.env, 0, 0, DB_FORCE);
		fixture_commit(txn);
		fixture.env->txn_checkpoint(fixture.env, 0, 0, DB_FORCE);
	}
	ok_changes(feed, next, 3015, "checkpoints amid and between transactions");

	fixture_close(&fixture);
	fixture_open(&fixture);
	ok_changes(feed, next, 3015, "a restart changes nothing");
	fixture_change(&fixture, 3016);
	ok_changes(feed, next, 3016, "the first change after a restart");

	feed_free(feed);
	feed = new_feed(&fixture, START);
	next = 1;
	ok_changes(feed, next, 3016, "all of it at once");
	ok_int_equal((intmax_t)feed_lag(feed), 0, "no lag at the end");
	feed_free(feed);
	fixture_remove(&fixture);
}

static void test_messages(void)
{
	struct log_fixture fixture;
	struct feed_position end;
	unsigned next = 1, last = 0;
	struct feed *feed;
	bool all = true;
	DB_TXN *txn;

	fixture_make(&fixture, 0);
	end = fixture_end(&fixture);
	feed = new_feed(&fixture, end);
	for (size_t padding = 1; padding < 121500; padding += padding < 8000 ? 157 : 1905) {
		fixture_log(&fixture, txn = fixture_begin(&fixture), ++last, padding);
		fixture_commit(txn);
		all &= read_changes(feed, &next, padding) == FEED_NOTHING && next == last + 1;
	}
	tap_ok(all, "changes of one to 64 messages, %u lengths", last);

	txn = fixture_begin(&fixture);
	for (unsigned i = 1; i <= 20; i++)
		fixture_log(&fixture, txn, last + i, 100000);
	fixture_commit(txn);
	ok_int_equal(read_changes(feed, &next, 100000), FEED_NOTHING, "20 long ones at once");
	ok_int_equal(next, last + 21, "all of them");

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 1/2 created 1 1 1 1 1 1:u ");
	fixture_commit(txn);
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "a change without its last message");
	feed_begin(feed, fixture_end(&fixture));

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 2/2 -");
	fixture_log(&fixture, txn, 1, 0);
	fixture_commit(txn);
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "a change without its first message");
	feed_begin(feed, fixture_end(&fixture));

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 1/1 invented 1 1 1 1 1 1:u -");
	fixture_abort(txn);
	fixture_change(&fixture, next = 500);
	ok_changes(feed, next, 500, "an unknown kind of change, aborted");

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings1 1/1 invented 1 1 1 1 1 1:u -");
	fixture_commit(txn);
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "an unknown kind of change");
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "the feed stays lost");
	feed_begin(feed, fixture_end(&fixture));

	txn = fixture_begin(&fixture);
	fixture_log_text(&fixture, txn, "tidings2 whatever");
	fixture_commit(txn);
	ok_int_equal(read_changes(feed, &next, 0), -EPROTONOSUPPORT, "a later version's change");

	feed_begin(feed, fixture_end(&fixture));
	fixture_change(&fixture, next);
	ok_changes(feed, next, 501, "it goes on when begun anew");
	feed_free(feed);
	fixture_remove(&fixture);
}

/* From wherever a feed says it stands, another one gives the rest. */
static void test_position(void)
{
	struct log_fixture fixture;
	struct feed_position position;
	unsigned last = 0, failures = 0;
	struct feed *feed, *other;
	struct change change;

	fixture_make(&fixture, SMALL_LOG);
	while (last < 300) {
		DB_TXN *txn = fixture_begin(&fixture);

		for (unsigned i = 0; i < 3; i++)
			fixture_log(&fixture, txn, ++last, 200);
		fixture_commit(txn);
	}
	fixture_end(&fixture);
	feed = new_feed(&fixture, START);
	for (unsigned given = 1; given <= last; given++) {
		/* The changes of one transaction are given again until all of them were given. */
		unsigned next = given - (given % 3) + 1;

		failures +=
			feed_next(feed, &change) != 0 || !fixture_is_change(&change, given, 200);
		position = feed_position(feed);
		other = new_feed(&fixture, position);
		failures += read_changes(other, &next, 200) != FEED_NOTHING || next != last + 1;
		feed_free(other);
	}
	ok_int_equal(failures, 0, "%u positions", last);
	ok_int_equal(feed_next(feed, &change), FEED_NOTHING, "the end");
	tap_ok(feed_position(feed).file > 3, "in several files");
	feed_free(feed);
	fixture_remove(&fixture);
}

static void test_roll_over(void)
{
	struct log_fixture fixture;
	struct feed_position end;
	struct feed *feed, *late;
	unsigned next = 1, late_next = 1, failures = 0;
	uint64_t lag;
	DB_TXN *txn;

	fixture_make(&fixture, SMALL_LOG);
	feed = new_feed(&fixture, START);
	late = new_feed(&fixture, START);
	failures += read_changes(late, &late_next, 0) != FEED_NOTHING;
	for (unsigned i = 1; i <= 2000; i++) {
		fixture_change(&fixture, i);
		failures += read_changes(feed, &next, 0) != FEED_NOTHING || next != i + 1;
	}
	ok_int_equal(failures, 0, "2,000 changes, each read when it was committed");
	end = fixture_end(&fixture);
	tap_ok(end.file > 10, "they roll over many times (%u files)", end.file);
	lag = feed_lag(late);
	tap_ok(lag > 11 * (uint64_t)SMALL_LOG * 9 / 10 && lag < end.file * (uint64_t)SMALL_LOG,
		"the lag counts all files (%ju bytes)", (uintmax_t)lag);
	ok_changes(late, late_next, 2000, "all files at once");
	ok_int_equal((intmax_t)feed_lag(late), 0, "no lag any more");
	ok_int_equal(feed_position(late).file, end.file, "the position is the end: file");
	ok_int_equal(feed_position(late).offset, end.offset, "the position is the end: offset");

	txn = fixture_begin(&fixture);
	for (unsigned i = 2001; i <= 3000; i++)
		fixture_log(&fixture, txn, i, 0);
	fixture_end(&fixture);
	ok_changes(feed, next, 2000, "a transaction over several files, not committed");
	fixture_commit(txn);
	ok_changes(feed, next, 3000, "now committed");

	/* Every position at a record's beginning, in particular the last of each file. */
	fixture_close(&fixture);
	feed_begin(late, START);
	late_next = 1;
	ok_changes(late, late_next, 3000, "the same from the start, after the end of the writer");
	feed_free(late);
	feed_free(feed);
	fixture_remove(&fixture);
}

/* Positions at which no record is yet: the next one goes to a new file. */
static void test_end_of_each_file(void)
{
	struct log_fixture fixture;
	struct feed_position before, after;
	unsigned number = 0, rolled = 0, failures = 0;

	fixture_make(&fixture, SMALL_LOG);
	for (after = fixture_end(&fixture); rolled < 5 && number < 5000;) {
		unsigned next = ++number;
		struct feed *feed;

		before = after;
		feed = new_feed(&fixture, before);
		failures += read_changes(feed, &next, 0) != FEED_NOTHING || next != number;
		fixture_change(&fixture, number);
		failures += read_changes(feed, &next, 0) != FEED_NOTHING || next != number + 1;
		feed_free(feed);
		after = fixture_end(&fixture);
		rolled += after.file != before.file;
	}
	ok_int_equal(failures, 0, "begun at the end of the log before each of %u changes", number);
	ok_int_equal(rolled, 5, "among them the last ones of five files");
	fixture_remove(&fixture);
}

/* Bytes of a file */

struct image {
	char *bytes;
	size_t len;
};

static struct image load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image image = { 0 };
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return image;
	image.len = (size_t)status.st_size;
	image.bytes = malloc(image.len);
	if (!image.bytes || read(fd, image.bytes, image.len) != (ssize_t)image.len)
		image.len = 0;
	close(fd);
	return image;
}

static bool save(const char *path, const void *bytes, size_t len, size_t at)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool done = fd >= 0 && pwrite(fd, bytes, len, (off_t)at) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return done;
}

/* A log in file 1 with the ends of its changes, closed, and its bytes. */
struct recorded {
	struct log_fixture fixture;
	struct feed_position begin;
	struct feed_position ends[16]; /* behind the commit of each change */
	struct image image;
	char path[128];
};

static void record_log(struct recorded *recorded)
{
	fixture_make(&recorded->fixture, SMALL_LOG);
	recorded->begin = recorded->ends[0] = fixture_end(&recorded->fixture);
	for (unsigned i = 1; i < ARRAY_LENGTH(recorded->ends); i++) {
		fixture_change(&recorded->fixture, i);
		recorded->ends[i] = fixture_end(&recorded->fixture);
	}
	snprintf(recorded->path, sizeof(recorded->path), "%s",
		fixture_log_path(&recorded->fixture, 1));
	fixture_close(&recorded->fixture);
	recorded->image = load(recorded->path);
}

static void forget_log(struct recorded *recorded)
{
	free(recorded->image.bytes);
	fixture_remove(&recorded->fixture);
}

static unsigned changes_within(const struct recorded *recorded, size_t len)
{
	unsigned n = 0;

	while (n + 1 < ARRAY_LENGTH(recorded->ends) && recorded->ends[n + 1].offset <= len)
		n++;
	return n;
}

/* How many changes are complete if the file has so many of its bytes, and zeros behind them. */
static unsigned changes_up_to(const struct recorded *recorded, size_t len)
{
	while (len < recorded->image.len && recorded->image.bytes[len] == 0)
		len++;
	return changes_within(recorded, len);
}

/* As a writer or a power cut may leave the file: cut, or zero from some byte on. */
static void test_torn_tail(bool zeros)
{
	struct recorded recorded;
	unsigned failures = 0, lengths = 0, last = ARRAY_LENGTH(recorded.ends) - 1;
	char *zero;

	record_log(&recorded);
	zero = calloc(1, recorded.image.len);
	for (size_t len = recorded.begin.offset; len <= recorded.ends[last].offset; len++) {
		unsigned next = 1, expected = changes_up_to(&recorded, len);
		struct feed *feed;

		if (zeros)
			save(recorded.path, zero, recorded.image.len - len, len);
		else if (truncate(recorded.path, (off_t)len) < 0)
			failures++;
		else
			expected = changes_within(&recorded, len);
		feed = new_feed(&recorded.fixture, recorded.begin);
		failures += read_changes(feed, &next, 0) != FEED_NOTHING || next != expected + 1;
		/* The rest comes in two writes, parted in the middle of what is missing. */
		for (size_t part = 0, half = (recorded.ends[last].offset - len) / 2; part < 2;
			part++) {
			size_t at = len + part * half;
			size_t n = part ? recorded.image.len - at : half;

			save(recorded.path, recorded.image.bytes + at, n, at);
			expected = zeros ? changes_up_to(&recorded, at + n)
					 : changes_within(&recorded, at + n);
			failures += read_changes(feed, &next, 0) != FEED_NOTHING ||
				    next != expected + 1;
		}
		feed_free(feed);
		lengths++;
	}
	ok_int_equal(failures, 0, "%s at each of %u bytes, then the rest",
		zeros ? "zero from" : "cut", lengths);
	tap_ok(lengths > 2000, "they cover the records of all changes");
	free(zero);
	forget_log(&recorded);
}

/* Every bit of every record: what is given is right, and ends before the damage. */
static void test_flipped_bits(void)
{
	struct recorded recorded;
	unsigned wrong = 0, flips = 0;

	record_log(&recorded);
	for (size_t at = recorded.begin.offset; at < recorded.ends[6].offset; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			char damaged = (char)(recorded.image.bytes[at] ^ (1 << bit));
			struct feed *feed = new_feed(&recorded.fixture, recorded.begin);
			unsigned next = 1, expected = changes_within(&recorded, at);

			save(recorded.path, &damaged, 1, at);
			wrong += read_changes(feed, &next, 0) != FEED_NOTHING ||
				 next != expected + 1;
			save(recorded.path, recorded.image.bytes + at, 1, at);
			wrong += read_changes(feed, &next, 0) != FEED_NOTHING ||
				 next != ARRAY_LENGTH(recorded.ends);
			feed_free(feed);
			flips++;
		}
	}
	ok_int_equal(wrong, 0, "%u flipped bits: waits before each, goes on when it is mended",
		flips);
	tap_ok(flips > 5000, "they cover the records of six changes");
	forget_log(&recorded);
}

/* What is damaged for good is noticed when the next file comes. */
static void test_damage_before_roll_over(void)
{
	struct recorded recorded;
	unsigned next = 1, number = ARRAY_LENGTH(recorded.ends);
	struct feed *feed;
	char damaged;

	record_log(&recorded);
	fixture_open(&recorded.fixture);
	damaged = (char)~recorded.image.bytes[recorded.ends[5].offset + 40];
	save(recorded.path, &damaged, 1, recorded.ends[5].offset + 40);
	feed = new_feed(&recorded.fixture, recorded.begin);
	ok_changes(feed, next, 5, "waits before a damaged record");
	while (fixture_end(&recorded.fixture).file == 1)
		fixture_change(&recorded.fixture, number++);
	fixture_change(&recorded.fixture, number++);
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "lost, and not silently short");
	ok_int_equal(next, 6, "nothing was given from behind it");
	save(recorded.path, recorded.image.bytes + recorded.ends[5].offset + 40, 1,
		recorded.ends[5].offset + 40);
	feed_begin(feed, recorded.ends[5]);
	ok_changes(feed, next, number - 1, "all of it once the record is mended");
	feed_free(feed);
	forget_log(&recorded);
}

/* Faults of the writer */

/* A process that dies amid a transaction, its records in the file, as SIGKILL leaves it. */
static bool die_in_transaction(struct log_fixture *fixture, unsigned first, unsigned count)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		DB_TXN *txn;

		fixture_open(fixture);
		for (unsigned i = 0; i < count; i++)
			fixture_change(fixture, first + i);
		txn = fixture_begin(fixture);
		for (unsigned i = 0; i < 5; i++)
			fixture_log(fixture, txn, 900 + i, 3000);
		fixture_log_text(fixture, txn, "tidings1 1/2 created 1 1 1 1 1 1:u ");
		fixture_end(fixture);
		raise(SIGKILL);
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

static void test_killed_writer(void)
{
	struct log_fixture fixture;
	unsigned next = 1, late_next = 1, last = 0;
	struct feed *feed, *late;
	bool all = true;

	fixture_make(&fixture, SMALL_LOG);
	fixture_close(&fixture);
	feed = new_feed(&fixture, START);
	late = new_feed(&fixture, START);
	for (unsigned round = 0; round < 20; round++) {
		all &= die_in_transaction(&fixture, last + 1, round % 3);
		last += round % 3;
		if (round % 2)
			all &= read_changes(feed, &next, 0) == FEED_NOTHING && next == last + 1;
	}
	tap_ok(all, "20 writers killed amid a transaction, changes of the committed ones only");
	fixture_open(&fixture);
	fixture_change(&fixture, ++last);
	ok_changes(feed, next, last, "after the last recovery");
	ok_changes(late, late_next, last, "the same for one that was away");
	feed_free(feed);
	feed_free(late);
	fixture_remove(&fixture);
}

/* The tail that a dying writer left half written is overwritten by the next one. */
static void test_recovered_tail(void)
{
	struct recorded recorded;
	unsigned failures = 0, tails = 0, last = ARRAY_LENGTH(recorded.ends) - 1;
	struct log_fixture copy;
	char *zero;

	record_log(&recorded);
	zero = calloc(1, recorded.image.len);
	for (size_t len = recorded.ends[last - 1].offset + 1; changes_up_to(&recorded, len) < last;
		len += 3) {
		unsigned next = 1;
		struct feed *feed;

		/* Nothing behind the torn record: the checkpoint at the stop is gone too. */
		fixture_copy(&recorded.fixture, &copy);
		save(fixture_log_path(&copy, 1), zero, recorded.image.len - len, len);
		feed = new_feed(&copy, recorded.begin);
		failures += read_changes(feed, &next, 0) != FEED_NOTHING || next != last;
		fixture_open(&copy);
		fixture_change(&copy, last);
		fixture_change(&copy, last + 1);
		failures += read_changes(feed, &next, 0) != FEED_NOTHING || next != last + 2;
		feed_free(feed);
		fixture_remove(&copy);
		tails++;
	}
	ok_int_equal(failures, 0, "%u torn tails, then recovery and new changes", tails);
	tap_ok(tails > 80, "they cover a transaction");
	free(zero);
	forget_log(&recorded);
}

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
		if (!wait_readable(feed_fd(feed)) || read_changes(feed, next, 0) != FEED_NOTHING)
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
	int tell[2], status;
	pid_t pid;

	fixture_make(&fixture, SMALL_LOG);
	fixture_close(&fixture);
	feed = new_feed(&fixture, START);
	all &= read_changes(feed, &next, 0) == FEED_NOTHING && pipe(tell) == 0;
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

/* So many events that inotify drops some: the feed still finds the next file. */
static void test_overflow(void)
{
	struct log_fixture fixture;
	unsigned next = 1, number = 0;
	struct feed *feed;
	char path[128];

	fixture_make(&fixture, SMALL_LOG);
	feed = new_feed(&fixture, START);
	ok_changes(feed, next, 0, "an empty log");
	snprintf(path, sizeof(path), "%s/log/other", fixture.home);
	for (unsigned i = 0; i < 20000; i++) {
		save(path, "x", 1, 0);
		unlink(path);
	}
	while (fixture_end(&fixture).file < 3)
		fixture_change(&fixture, ++number);
	tap_ok(wait_readable(feed_fd(feed)), "an overflow wakes");
	for (int i = 0; i < 1000 && next <= number; i++)
		read_changes(feed, &next, 0);
	ok_int_equal(next, number + 1, "all changes after more events than the queue holds");
	feed_free(feed);
	fixture_remove(&fixture);
}

/* Losing */

static void test_removed_files(void)
{
	struct log_fixture fixture;
	unsigned next = 1, away_next = 1, number = 0;
	struct feed *feed, *away;
	struct change change;

	fixture_make(&fixture, SMALL_LOG);
	feed = new_feed(&fixture, START);
	away = new_feed(&fixture, START);
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
	ok_int_equal(read_changes(away, &away_next, 0), FEED_LOST, "the file after it is gone too");

	feed_begin(away, (struct feed_position){ 2, 5000 });
	ok_int_equal(read_changes(away, &away_next, 0), FEED_LOST, "begun in a file that is gone");
	feed_begin(away, (struct feed_position){ 3, 0 });
	fixture_change(&fixture, ++number);
	ok_int_equal(feed_next(away, &change), 0, "begun in one that is there");
	ok_changes(feed, next, number, "the first feed still has all");
	feed_free(feed);
	feed_free(away);
	fixture_remove(&fixture);
}

static void test_wrong_positions(void)
{
	struct recorded recorded;
	unsigned next = 1, last = ARRAY_LENGTH(recorded.ends) - 1;
	struct feed_position position;
	struct change change;
	struct feed *feed;

	record_log(&recorded);
	position = recorded.ends[last];
	feed = NULL;
	ok_int_equal(feed_new(&recorded.fixture.config, &feed), 0, "a feed");
	ok_int_equal(feed_next(feed, &change), FEED_NOTHING, "not begun: nothing");
	ok_int_equal((intmax_t)feed_lag(feed), 0, "not begun: no lag");
	for (uint32_t offset = 1; offset < LOGFILE_HEADER_SIZE; offset++) {
		feed_begin(feed, (struct feed_position){ 1, offset });
		if (feed_next(feed, &change) != FEED_LOST)
			tap_ok(false, "offset %u is inside the header", offset);
	}
	feed_begin(feed, (struct feed_position){ 1, LOGFILE_HEADER_SIZE });
	ok_changes(feed, next, last, "the end of the header is a position");
	feed_begin(feed, (struct feed_position){ 2, 0 });
	ok_int_equal(feed_next(feed, &change), FEED_NOTHING, "the next file may come");
	feed_begin(feed, (struct feed_position){ 1, (uint32_t)recorded.image.len });
	ok_int_equal(feed_next(feed, &change), FEED_NOTHING, "the end of the file");
	feed_begin(feed, (struct feed_position){ 1, (uint32_t)recorded.image.len + 1 });
	ok_int_equal(feed_next(feed, &change), FEED_LOST, "behind the end of the file");
	feed_begin(feed, (struct feed_position){ 1, UINT32_MAX });
	ok_int_equal(feed_next(feed, &change), FEED_LOST, "as far behind it as can be");
	feed_begin(feed, (struct feed_position){ UINT32_MAX, UINT32_MAX });
	ok_int_equal(feed_next(feed, &change), FEED_NOTHING, "the last file of all");

	feed_begin(feed, position);
	next = last + 1;
	ok_changes(feed, next, last, "at the end of the changes");
	tap_ok(truncate(recorded.path, position.offset - 1) == 0, "cut by one byte more");
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "a file shorter than the position");
	feed_free(feed);
	forget_log(&recorded);
}

static void test_foreign_logs(void)
{
	/* Where in a file's first record, what, and whether the checksum is mended. */
	static const struct {
		size_t at;
		uint32_t value;
		int expected;
		const char *name;
	} CASES[] = {
		{ 12, 0x88090400, -EPROTONOSUPPORT, "the other byte order" },
		{ 16, 18, -EPROTONOSUPPORT, "an older version" },
		{ 16, 20, -EPROTONOSUPPORT, "a newer version" },
		{ 8, 0, FEED_NOTHING, "a wrong checksum" },
		{ 4, 0, FEED_NOTHING, "no length" },
		{ 4, UINT32_MAX, FEED_NOTHING, "a nonsensical length" },
	};
	struct recorded recorded;
	unsigned next = 1, last = ARRAY_LENGTH(recorded.ends) - 1;
	struct feed *feed;

	record_log(&recorded);
	feed = new_feed(&recorded.fixture, START);
	for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
		save(recorded.path, &CASES[i].value, 4, CASES[i].at);
		feed_begin(feed, START);
		ok_int_equal(read_changes(feed, &next, 0), CASES[i].expected, "header: %s",
			CASES[i].name);
		save(recorded.path, recorded.image.bytes, LOGFILE_HEADER_SIZE, 0);
	}
	feed_begin(feed, START);
	ok_changes(feed, next, last, "as it was");
	feed_free(feed);
	forget_log(&recorded);
}

static void test_directories(void)
{
	struct log_fixture fixture;
	char log[80], old[80], command[200];
	struct config config = { .store.home = (char *)"/nonexistent" };
	unsigned next = 1;
	struct feed *feed = NULL;

	ok_int_equal(feed_new(&config, &feed), -ENOENT, "no log directory");
	tap_ok(feed == NULL, "nothing is given then");
	fixture_make(&fixture, 0);
	feed = new_feed(&fixture, START);
	fixture_change(&fixture, 1);
	ok_changes(feed, next, 1, "a log");
	fixture_close(&fixture);

	snprintf(log, sizeof(log), "%s/log", fixture.home);
	snprintf(old, sizeof(old), "%s/old", fixture.home);
	tap_ok(rename(log, old) == 0, "the directory is moved away");
	tap_ok(wait_readable(feed_fd(feed)), "this wakes");
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "and the feed is lost");
	feed_begin(feed, START);
	ok_int_equal(read_changes(feed, &next, 0), -ENOENT, "it cannot begin without one");
	tap_ok(rename(old, log) == 0, "the directory comes back");
	feed_begin(feed, START);
	next = 1;
	ok_changes(feed, next, 1, "it can begin now");

	/* As a restore does: the same names, other files. */
	tap_ok(rename(log, old) == 0 && mkdir(log, 0700) == 0, "another directory");
	feed_begin(feed, START);
	ok_int_equal(read_changes(feed, &next, 0), FEED_NOTHING, "an empty one");
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
	struct recorded recorded;
	unsigned next = 1, last = ARRAY_LENGTH(recorded.ends) - 1;
	struct feed *feed;
	char other[160];

	record_log(&recorded);
	feed = new_feed(&recorded.fixture, START);
	ok_changes(feed, next, last, "a log");
	snprintf(other, sizeof(other), "%s/other", recorded.fixture.home);
	tap_ok(save(other, recorded.image.bytes, recorded.image.len, 0) &&
			rename(other, recorded.path) == 0,
		"another file takes its name");
	ok_int_equal(read_changes(feed, &next, 0), FEED_LOST, "the feed is lost");
	feed_free(feed);
	forget_log(&recorded);
}

static void test_permissions(void)
{
	struct recorded recorded;
	unsigned next = 1;
	int status;
	pid_t pid;

	record_log(&recorded);
	chmod(recorded.fixture.home, 0755);
	chmod(recorded.path, 0600);
	pid = fork();
	if (pid == 0) {
		struct feed *feed;

		if (geteuid() == 0 ? setgid(65534) < 0 || setuid(65534) < 0
				   : chmod(recorded.path, 0) < 0)
			_exit(1);
		feed = new_feed(&recorded.fixture, START);
		_exit(read_changes(feed, &next, 0) == -EACCES ? 0 : 2);
	}
	tap_ok(waitpid(pid, &status, 0) == pid && status == 0, "a log file that may not be read");
	chmod(recorded.path, 0600);
	forget_log(&recorded);
}

int main(void)
{
	test_transactions();
	test_messages();
	test_position();
	test_roll_over();
	test_end_of_each_file();
	test_torn_tail(false);
	test_torn_tail(true);
	test_flipped_bits();
	test_damage_before_roll_over();
	test_killed_writer();
	test_recovered_tail();
	test_wake_up();
	test_overflow();
	test_removed_files();
	test_wrong_positions();
	test_foreign_logs();
	test_directories();
	test_replaced_file();
	test_permissions();
	return tap_done();
}
