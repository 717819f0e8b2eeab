/*
 * Log lines: their form in a file and in the journal, that text from outside
 * can neither forge a line nor steer a terminal, and that each is one write.
 */
#include "lib/buffer.h"
#include "lib/log.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int saved_stderr;

/* How far the clock of this test is ahead. */
static time_t ahead;

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int r = (int)syscall(SYS_clock_gettime, clock, now);

	now->tv_sec += ahead;
	return r;
}

/* Standard error becomes a socket that keeps the writes apart. Returns its other end. */
static int capture(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

static void release(const int *fd)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(*fd);
}

/* What one write brought, "" if there was none. */
static const char *next_write(int fd)
{
	static char line[8192];
	ssize_t n = recv(fd, line, sizeof(line) - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void test_levels(void)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
		LOG_LEVEL_DEBUG };

	for (size_t limit = 0; limit < ARRAY_LENGTH(levels); limit++) {
		log_open("tidings-test", levels[limit]);
		for (size_t i = 0; i < ARRAY_LENGTH(levels); i++) {
			_cleanup_(release) int fd = capture();

			log_message(levels[i], "%s", "said");
			ok_string_equal(next_write(fd), i <= limit ? "tidings-test: said\n" : "",
				"level %d with limit %d", (int)levels[i], (int)levels[limit]);
		}
	}
}

static void test_level_names(void)
{
	static const char *const wrong[] = { "", "Error", "info ", "inf", "infos", "3", "notice" };
	enum log_level level = LOG_LEVEL_DEBUG;

	ok_int_equal(log_level_parse("error", &level), 0, "error is a level");
	ok_int_equal(level, LOG_LEVEL_ERROR, "its own");
	ok_int_equal(log_level_parse("warning", &level), 0, "warning is a level");
	ok_int_equal(level, LOG_LEVEL_WARNING, "its own");
	ok_int_equal(log_level_parse("info", &level), 0, "info is a level");
	ok_int_equal(level, LOG_LEVEL_INFO, "its own");
	ok_int_equal(log_level_parse("debug", &level), 0, "debug is a level");
	ok_int_equal(level, LOG_LEVEL_DEBUG, "its own");
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ok_int_equal(log_level_parse(wrong[i], &level), -EINVAL, "\"%s\" is none",
			wrong[i]);
	ok_int_equal(level, LOG_LEVEL_DEBUG, "and nothing is handed out");
}

static void test_set_level(void)
{
	static const enum log_level all[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
		LOG_LEVEL_DEBUG };
	enum log_level before = log_get_level(), read;

	ok_int_equal(before, LOG_LEVEL_INFO, "info, until something else is said");
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		log_set_level(all[i]);
		ok_int_equal(log_get_level(), all[i], "a level is set");
		ok_int_equal(log_level_parse(log_level_name(all[i]), &read), 0, "and has a name");
		ok_int_equal(read, all[i], "which is its own");
	}
	log_set_level(before);
}

static void test_before_open(void)
{
	_cleanup_(release) int fd = capture();

	log_info("one %d", 1);
	ok_string_equal(next_write(fd), "tidings: one 1\n", "before log_open");
	log_debug("two");
	ok_string_equal(next_write(fd), "", "debug is not shown by default");
}

static void check_text(const char *text, const char *expected, const char *what)
{
	_cleanup_(release) int fd = capture();
	char line[512];

	snprintf(line, sizeof(line), "t: %s\n", expected);
	log_error("%s", text);
	ok_string_equal(next_write(fd), line, "%s", what);
	ok_string_equal(next_write(fd), "", "%s: one write", what);
}

static void test_hostile_text(void)
{
	log_open("t", LOG_LEVEL_INFO);
	check_text("", "", "nothing");
	check_text("a\nt: forged", "a\\x0at: forged", "a line feed");
	check_text("a\n", "a\\x0a", "a line feed at the end");
	check_text("\r\t\x1b[2J\x7f\x01", "\\x0d\\x09\\x1b[2J\\x7f\\x01",
		"ASCII control characters");
	check_text("\xc2\x9b\x32J\xc2\x80\xc2\x9f\xc2\xa0",
		"\\xc2\\x9b2J\\xc2\\x80\\xc2\\x9f\xc2\xa0", "C1 control characters");
	check_text("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x94\x94",
		"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x94\x94", "UTF-8 of each length");
	check_text("\xc3\xa4\x9b", "\\xc3\\xa4\\x9b", "bytes that are not UTF-8");
	check_text("\xff\xfe\x80", "\\xff\\xfe\\x80", "bytes that never are");
	check_text("a\xe2\x82", "a\\xe2\\x82", "a character cut short");
	check_text("%s%n", "%s%n", "a format in the text");
	check_text("<3>", "<3>", "what looks like a level");
}

/* No byte and no pair of bytes leaves anything raw. */
static void test_all_pairs(void)
{
	_cleanup_(release) int fd = capture();
	unsigned raw = 0, lines = 0;

	log_open("t", LOG_LEVEL_INFO);
	for (int first = 1; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			const char text[] = { (char)first, (char)second, '\0' };
			const char *line;
			size_t len;

			log_error("%s", text);
			line = next_write(fd);
			len = strlen(line);
			lines += len > 4 && line[len - 1] == '\n';
			for (size_t i = 0; i + 1 < len; i++)
				raw += (unsigned char)line[i] < ' ' || line[i] == '\x7f' ||
				       (line[i] == '\xc2' && (unsigned char)line[i + 1] < 0xa0);
		}
	}
	ok_int_equal(lines, 255 * 256, "every message is a line");
	ok_int_equal(raw, 0, "no control character in any");
}

static void check_long(const char *unit, size_t count, size_t expected, const char *what)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	_cleanup_(release) int fd = capture();
	const char *line;
	size_t len;

	for (size_t i = 0; i < count; i++)
		buffer_append_string(&text, unit);
	log_error("%s", buffer_string(&text));
	line = next_write(fd);
	len = strlen(line);
	ok_int_equal(len, expected, "%s: the length", what);
	tap_ok(len <= PIPE_BUF && len > 5 && line[len - 1] == '\n', "%s: one line", what);
	ok_int_equal(strcmp(line + len - 4, "...\n") == 0,
		strlen(unit) * count > 2047 || unit[0] == '\x01', "%s: says whether it was cut",
		what);
	ok_string_equal(next_write(fd), "", "%s: one write", what);
}

static void test_long_text(void)
{
	log_open("t", LOG_LEVEL_INFO);
	check_long("x", 2047, 3 + 2047 + 1, "the longest whole");
	check_long("x", 2048, 3 + 2047 + 4, "one byte more");
	check_long("x", 100000, 3 + 2047 + 4, "far more");
	check_long("\xc3\xa4", 1024, 3 + 2046 + 4, "cut between characters of 2 bytes");
	check_long("\xe2\x82\xac", 683, 3 + 2046 + 4, "of 3 bytes");
	check_long("\xf0\x9f\x94\x94", 512, 3 + 2044 + 4, "of 4 bytes");
	check_long("\x01", 1023, 3 + 1022 * 4 + 4, "escapes beyond a pipe's piece");
	check_long("\xff", 3000, 3 + 1022 * 4 + 4, "escaped bytes and cut");
}

static void test_long_name(void)
{
	_cleanup_(release) int fd = capture();
	char name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	log_open(name, LOG_LEVEL_INFO);
	log_error("x");
	ok_int_equal(strlen(next_write(fd)), 100 + strlen(": x\n"), "a long name is cut");
}

static void set_journal(unsigned long long device, unsigned long long inode, const char *end)
{
	char value[64];

	snprintf(value, sizeof(value), "%llu:%llu%s", device, inode, end);
	setenv("JOURNAL_STREAM", value, 1);
}

static void test_journal(void)
{
	_cleanup_(release) int fd = capture();
	struct stat status;

	fstat(STDERR_FILENO, &status);
	set_journal(status.st_dev, status.st_ino, "");
	log_open("t", LOG_LEVEL_DEBUG);
	log_error("a\nb");
	ok_string_equal(next_write(fd), "<3>a\\x0ab\n", "an error in the journal");
	log_warning("w");
	ok_string_equal(next_write(fd), "<4>w\n", "a warning");
	log_info("i");
	ok_string_equal(next_write(fd), "<6>i\n", "information");
	log_debug("d");
	ok_string_equal(next_write(fd), "<7>d\n", "debugging");
	unsetenv("JOURNAL_STREAM");
}

/* systemd leaves the variable set where standard error was redirected since. */
static void test_no_journal(void)
{
	_cleanup_(release) int fd = capture();
	struct stat status;

	fstat(STDERR_FILENO, &status);
	set_journal(status.st_dev, status.st_ino + 1, "");
	log_open("t", LOG_LEVEL_INFO);
	log_error("x");
	ok_string_equal(next_write(fd), "t: x\n", "another stream");
	set_journal(status.st_dev, status.st_ino, "x");
	log_open("t", LOG_LEVEL_INFO);
	log_error("x");
	ok_string_equal(next_write(fd), "t: x\n", "no number");
	setenv("JOURNAL_STREAM", "", 1);
	log_open("t", LOG_LEVEL_INFO);
	log_error("x");
	ok_string_equal(next_write(fd), "t: x\n", "an empty variable");
	unsetenv("JOURNAL_STREAM");
}

static void test_errno(void)
{
	_cleanup_(release) int fd = capture();

	log_open("t", LOG_LEVEL_INFO);
	errno = EDOM;
	log_error("%s: %m", "x");
	ok_int_equal(errno, EDOM, "errno is kept");
	ok_string_equal(next_write(fd), "t: x: Numerical argument out of domain\n", "and usable");
	close(STDERR_FILENO);
	errno = EDOM;
	log_error("to nowhere");
	ok_int_equal(errno, EDOM, "a failed write changes nothing");
}

/* A reader that has stopped must not stop the program. */
static void test_full_pipe(void)
{
	_cleanup_(release) int fd = capture();
	unsigned lines = 0;

	log_open("t", LOG_LEVEL_INFO);
	for (int i = 0; i < 10000; i++)
		log_error("line %d", i);
	while (*next_write(fd))
		lines++;
	tap_ok(lines > 0 && lines < 10000, "what does not fit is dropped");
	log_error("again");
	ok_string_equal(next_write(fd), "t: again\n", "and later lines are whole");
}

static void test_event_limit(void)
{
	_cleanup_(release) int fd = capture();
	unsigned written = 0;

	log_open("t", LOG_LEVEL_INFO);
	ahead += 60;
	for (int i = 0; i < 25; i++) {
		log_event(LOG_LEVEL_WARNING, LOG_CLIENT_STALLED, NULL, "slow");
		written += strcmp(next_write(fd), "t: slow\n") == 0;
	}
	ok_int_equal(written, LOG_EVENT_MAX, "so many lines in a period");
	log_settle();
	ok_string_equal(next_write(fd), "", "what was left out is not told before its end");
	log_event(LOG_LEVEL_WARNING, LOG_STORE_AWAY, NULL, "away");
	ok_string_equal(next_write(fd), "t: away\n", "another kind is not held up");
	ahead += LOG_EVENT_PERIOD / 1000;
	log_settle();
	ok_string_equal(next_write(fd),
		"t: 15 more lines about slow clients that were closed were left out\n", "but then");
	log_settle();
	ok_string_equal(next_write(fd), "", "and once");
	log_event(LOG_LEVEL_WARNING, LOG_CLIENT_STALLED, NULL, "slow");
	ok_string_equal(next_write(fd), "t: slow\n", "there may be more again");
}

static void test_event_limit_without_settling(void)
{
	_cleanup_(release) int fd = capture();

	log_open("t", LOG_LEVEL_INFO);
	ahead += 60;
	for (int i = 0; i <= LOG_EVENT_MAX; i++) {
		log_event(LOG_LEVEL_ERROR, LOG_PUSH_AWAY, NULL, "away");
		next_write(fd);
	}
	ahead += 60;
	log_event(LOG_LEVEL_ERROR, LOG_PUSH_AWAY, NULL, "away");
	ok_string_equal(next_write(fd),
		"t: 1 more lines about the push daemon being away were left out\n",
		"the next of a kind tells how many there were");
	ok_string_equal(next_write(fd), "t: away\n", "before itself");
}

static void test_event_level(void)
{
	_cleanup_(release) int fd = capture();

	log_open("t", LOG_LEVEL_INFO);
	ahead += 60;
	for (int i = 0; i < 25; i++)
		log_event(LOG_LEVEL_DEBUG, LOG_CLIENT_STALLED, NULL, "slow");
	log_settle();
	log_event(LOG_LEVEL_INFO, LOG_CLIENT_STALLED, NULL, "told");
	ok_string_equal(next_write(fd), "t: told\n", "what is not logged is in nobody's way");
}

static void test_event_ids(void)
{
	for (int i = 0; i < LOG_EVENTS; i++) {
		const char *id = log_event_id((enum log_event)i);

		tap_ok(id && strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32,
			"event %d has an id", i);
		tap_ok(log_event_noun((enum log_event)i) != NULL, "event %d has a name", i);
		for (int j = 0; j < i; j++)
			if (strcmp(id, log_event_id((enum log_event)j)) == 0)
				tap_ok(false, "the ids of events %d and %d differ", j, i);
	}
}

static struct log_record taken;
static char taken_message[128];
static int sink_result;

static int take_record(const struct log_record *record)
{
	taken = *record;
	snprintf(taken_message, sizeof(taken_message), "%.*s", (int)record->message.len,
		record->message.data);
	return sink_result;
}

static void test_sink(void)
{
	const struct log_field *fields = LOG_FIELDS(LOG_TEXT("TIDINGS_USER", SLICE("alice")),
		LOG_NUMBER("TIDINGS_CODE", 4401));
	_cleanup_(release) int fd = capture();

	log_open("t", LOG_LEVEL_INFO);
	log_set_sink(take_record);
	ahead += 60;
	log_event(LOG_LEVEL_INFO, LOG_CLIENT_CLOSED, fields, "closed\nwith %d", 4401);
	ok_string_equal(taken_message, "closed\\x0awith 4401", "a sink gets the message as a line");
	ok_int_equal(taken.level, LOG_LEVEL_INFO, "its level");
	ok_string_equal(taken.program, "t", "the program");
	ok_string_equal(taken.message_id, log_event_id(LOG_CLIENT_CLOSED), "the message id");
	tap_ok(taken.fields == fields, "and the fields");
	ok_string_equal(next_write(fd), "", "and nothing goes to standard error");
	log_info("plain");
	tap_ok(!taken.message_id && !taken.fields, "a plain message has neither id nor fields");
	sink_result = -EAGAIN;
	log_info("plain");
	ok_string_equal(next_write(fd), "t: plain\n", "what a sink does not take is a line");
	log_set_sink(NULL);
}

int main(void)
{
	saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	unsetenv("JOURNAL_STREAM");
	test_set_level();
	test_before_open();
	test_level_names();
	test_levels();
	test_hostile_text();
	test_all_pairs();
	test_long_text();
	test_long_name();
	test_journal();
	test_no_journal();
	test_errno();
	test_full_pipe();
	test_event_limit();
	test_event_limit_without_settling();
	test_event_level();
	test_event_ids();
	test_sink();
	return tap_done();
}
