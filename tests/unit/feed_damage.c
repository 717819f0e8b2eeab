/* The feed, on log files as a writer's death or damage leaves them. */
#include "pushd/feed.h"

#include "lib/logfile.h"
#include "tests/tap.h"
#include "tests/unit/log_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SMALL_LOG = 32 * 1024 };

static const struct feed_position START = { 1, 0 };

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
	struct feed *feed;
	char *zero;

	record_log(&recorded);
	feed = fixture_feed(&recorded.fixture, recorded.begin);
	zero = calloc(1, recorded.image.len);
	for (size_t len = recorded.begin.offset; len <= recorded.ends[last].offset; len++) {
		unsigned next = 1, expected = changes_up_to(&recorded, len);

		if (zeros)
			save(recorded.path, zero, recorded.image.len - len, len);
		else if (truncate(recorded.path, (off_t)len) < 0)
			failures++;
		else
			expected = changes_within(&recorded, len);
		feed_begin(feed, recorded.begin);
		failures += fixture_read(feed, &next, 0) != FEED_NOTHING || next != expected + 1;
		/* The rest comes in two writes, parted in the middle of what is missing. */
		for (size_t part = 0, half = (recorded.ends[last].offset - len) / 2; part < 2;
			part++) {
			size_t at = len + part * half;
			size_t n = part ? recorded.image.len - at : half;

			save(recorded.path, recorded.image.bytes + at, n, at);
			expected = zeros ? changes_up_to(&recorded, at + n)
					 : changes_within(&recorded, at + n);
			failures += fixture_read(feed, &next, 0) != FEED_NOTHING ||
				    next != expected + 1;
		}
		lengths++;
	}
	feed_free(feed);
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
	struct feed *feed;

	record_log(&recorded);
	feed = fixture_feed(&recorded.fixture, recorded.begin);
	for (size_t at = recorded.begin.offset; at < recorded.ends[6].offset; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			char damaged = (char)(recorded.image.bytes[at] ^ (1 << bit));
			unsigned next = 1, expected = changes_within(&recorded, at);

			feed_begin(feed, recorded.begin);
			save(recorded.path, &damaged, 1, at);
			wrong += fixture_read(feed, &next, 0) != FEED_NOTHING ||
				 next != expected + 1;
			save(recorded.path, recorded.image.bytes + at, 1, at);
			wrong += fixture_read(feed, &next, 0) != FEED_NOTHING ||
				 next != ARRAY_LENGTH(recorded.ends);
			flips++;
		}
	}
	feed_free(feed);
	ok_int_equal(wrong, 0, "%u flipped bits: waits before each, goes on when it is mended",
		flips);
	tap_ok(flips > 5000, "they cover the records of six changes");
	forget_log(&recorded);
}

/* One bit a byte: it is not just not written yet, as the records behind it tell. */
static void test_inspection(void)
{
	struct recorded recorded;
	unsigned wrong = 0, flips = 0, next = 1;
	struct feed *feed;

	record_log(&recorded);
	feed = fixture_feed(&recorded.fixture, recorded.begin);
	for (size_t at = recorded.begin.offset; at < recorded.ends[4].offset; at++) {
		char damaged = (char)(recorded.image.bytes[at] ^ (1 << at % 8));

		next = 1;
		feed_begin(feed, recorded.begin);
		save(recorded.path, &damaged, 1, at);
		wrong += fixture_read(feed, &next, 0) != FEED_NOTHING;
		feed_inspect(feed);
		wrong += fixture_read(feed, &next, 0) != FEED_LOST ||
			 next != changes_within(&recorded, at) + 1;
		save(recorded.path, recorded.image.bytes + at, 1, at);
		flips++;
	}
	ok_int_equal(wrong, 0, "%u times damage that others follow is found", flips);
	next = 1;
	feed_begin(feed, recorded.begin);
	feed_inspect(feed);
	ok_changes(feed, next, ARRAY_LENGTH(recorded.ends) - 1, "what is whole is not lost");
	feed_inspect(feed);
	ok_int_equal(fixture_read(feed, &next, 0), FEED_NOTHING, "nor is it at its end");
	feed_free(feed);
	forget_log(&recorded);
}

/* What is damaged for good is noticed when the next file comes, at the latest. */
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
	feed = fixture_feed(&recorded.fixture, recorded.begin);
	ok_changes(feed, next, 5, "waits before a damaged record");
	while (fixture_end(&recorded.fixture).file == 1)
		fixture_change(&recorded.fixture, number++);
	fixture_change(&recorded.fixture, number++);
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "lost, and not silently short");
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
	feed = fixture_feed(&fixture, START);
	late = fixture_feed(&fixture, START);
	for (unsigned round = 0; round < 20; round++) {
		all &= die_in_transaction(&fixture, last + 1, round % 3);
		last += round % 3;
		if (round % 2)
			all &= fixture_read(feed, &next, 0) == FEED_NOTHING && next == last + 1;
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
		feed = fixture_feed(&copy, recorded.begin);
		failures += fixture_read(feed, &next, 0) != FEED_NOTHING || next != last;
		fixture_open(&copy);
		fixture_change(&copy, last);
		fixture_change(&copy, last + 1);
		failures += fixture_read(feed, &next, 0) != FEED_NOTHING || next != last + 2;
		feed_free(feed);
		fixture_remove(&copy);
		tails++;
	}
	ok_int_equal(failures, 0, "%u torn tails, then recovery and new changes", tails);
	tap_ok(tails > 80, "they cover a transaction");
	free(zero);
	forget_log(&recorded);
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
	ok_int_equal(fixture_read(feed, &next, 0), FEED_LOST, "a file shorter than the position");
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
	feed = fixture_feed(&recorded.fixture, START);
	for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
		save(recorded.path, &CASES[i].value, 4, CASES[i].at);
		feed_begin(feed, START);
		ok_int_equal(fixture_read(feed, &next, 0), CASES[i].expected, "header: %s",
			CASES[i].name);
		save(recorded.path, recorded.image.bytes, LOGFILE_HEADER_SIZE, 0);
	}
	feed_begin(feed, START);
	ok_changes(feed, next, last, "as it was");
	feed_free(feed);
	forget_log(&recorded);
}

int main(void)
{
	test_torn_tail(false);
	test_torn_tail(true);
	test_flipped_bits();
	test_inspection();
	test_damage_before_roll_over();
	test_killed_writer();
	test_recovered_tail();
	test_wrong_positions();
	test_foreign_logs();
	return tap_done();
}
