/* The client of the control socket, against a push daemon of any kind: well, mute, slow, mad. */
#include "lib/control.h"

#include "tests/tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum { PATIENT = 20000, SHORT = 150 /* milliseconds */ };

static char directory[] = "/tmp/tidings-control.XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct config config = { .push.control = address.sun_path };

static int listen_here(int backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, backlog) < 0)
		abort();
	return fd;
}

/* What a daemon does with a connection. */
typedef void behaviour(int fd, const void *context);

static void read_line(int fd)
{
	char c = 0;

	while (c != '\n' && read(fd, &c, 1) == 1)
		;
}

static void wait_for_end(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1)
		;
}

static void write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

/* Answers with this text, whatever it is, and stays. */
static void say(int fd, const void *text)
{
	read_line(fd);
	write_all(fd, text, strlen(text));
	wait_for_end(fd);
}

/* The same a byte at a time. */
static void stutter(int fd, const void *text)
{
	read_line(fd);
	for (const char *c = text; *c; c++)
		write_all(fd, c, 1);
	wait_for_end(fd);
}

static void say_and_go(int fd, const void *text)
{
	read_line(fd);
	write_all(fd, text, strlen(text));
}

/* Says so before it has read anything, and goes. */
static void turn_away(int fd, const void *text)
{
	write_all(fd, text, strlen(text));
}

static void be_mute(int fd, const void *context)
{
	(void)context;
	wait_for_end(fd);
}

/* A byte now and then, for ever. */
static void drip(int fd, const void *context)
{
	const struct timespec moment = { 0, 5 * 1000 * 1000 };

	(void)context;
	read_line(fd);
	while (send(fd, " ", 1, MSG_NOSIGNAL) == 1)
		nanosleep(&moment, NULL);
}

/* So many bytes of one string in an object, and the line's end. */
static void say_much(int fd, const void *context)
{
	static const char head[] = "{\"x\":\"", tail[] = "\"}\n";
	size_t len = *(const size_t *)context;
	char *text = malloc(len);

	memset(text, 'x', len);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + len - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	read_line(fd);
	write_all(fd, text, len);
	free(text);
	wait_for_end(fd);
}

static void say_nul(int fd, const void *context)
{
	(void)context;
	read_line(fd);
	write_all(fd, "{\"a\":1}\0\n", 9);
	wait_for_end(fd);
}

static int call(struct slice request, behaviour *behave, const void *context, int timeout,
	struct control_answer *ret_answer)
{
	int listen_fd = listen_here(8);
	pid_t pid = fork();
	int r;

	if (pid == 0) {
		behave(accept(listen_fd, NULL, NULL), context);
		_exit(0);
	}
	r = control_call(&config, request, timeout, ret_answer);
	close(listen_fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

static void ok_fails(behaviour *behave, const char *text, int timeout, int expected,
	const char *name)
{
	struct control_answer answer = { .text.len = 4711 };
	int r = call(SLICE("{}"), behave, text, timeout, &answer);

	ok_int_equal(r, expected, "%s", name);
	tap_ok(answer.text.len == 4711 && !answer.json, "%s: the answer is untouched", name);
}

static void test_nobody(void)
{
	static char empty[] = "", too_long[200];
	struct config other = { .push.control = empty };
	struct control_answer answer;

	ok_int_equal(control_call(&config, SLICE("{}"), PATIENT, &answer), -ENOENT, "no file");
	close(listen_here(1));
	ok_int_equal(control_call(&config, SLICE("{}"), PATIENT, &answer), -ECONNREFUSED,
		"nobody behind it");
	ok_int_equal(control_call(&other, SLICE("{}"), PATIENT, &answer), -EDESTADDRREQ,
		"none configured");
	memset(too_long, 'x', sizeof(too_long) - 1);
	other.push.control = too_long;
	ok_int_equal(control_call(&other, SLICE("{}"), PATIENT, &answer), -ENAMETOOLONG,
		"a path that no socket has");
}

static void test_done(behaviour *behave, const char *name)
{
	struct control_answer answer;
	uint64_t number;

	ok_int_equal(call(SLICE("{\"command\":\"x\"}"), behave,
			     "{\"count\": 7, \"below\": -1, \"text\": \"7\"}\n", PATIENT, &answer),
		0, "%s: done", name);
	tap_ok(slice_is(buffer_slice(&answer.text),
		       "{\"count\": 7, \"below\": -1, \"text\": \"7\"}"),
		"%s: the text is there as it came", name);
	tap_ok(control_number(&answer, "count", &number) == 0 && number == 7, "%s: a number", name);
	ok_int_equal(control_number(&answer, "below", &number), -EBADMSG, "%s: one below 0", name);
	ok_int_equal(control_number(&answer, "text", &number), -EBADMSG, "%s: a text", name);
	ok_int_equal(control_number(&answer, "none", &number), -EBADMSG, "%s: none", name);
	control_answer_release(&answer);
}

static void test_refused(behaviour *behave, const char *name)
{
	struct control_answer answer;

	ok_int_equal(call(SLICE("{}"), behave,
			     "{\"error\":\"Only the group may\",\"code\":\"forbidden\"}\n", PATIENT,
			     &answer),
		CONTROL_REFUSED, "%s: refused", name);
	tap_ok(slice_is(control_refusal(&answer), "Only the group may"), "%s: the sentence", name);
	tap_ok(slice_is(control_refusal_code(&answer), "forbidden"), "%s: the code", name);
	control_answer_release(&answer);
}

static void test_refused_badly(void)
{
	struct control_answer answer;

	ok_int_equal(call(SLICE("{}"), say, "{\"error\":{}}\n", PATIENT, &answer), CONTROL_REFUSED,
		"an error that is no text");
	tap_ok(slice_is(control_refusal(&answer), "") &&
			slice_is(control_refusal_code(&answer), ""),
		"has neither sentence nor code");
	control_answer_release(&answer);
}

static void test_broken(void)
{
	static const char *const bad[] = { "\n", "x\n", "[]\n", "\"text\"\n", "null\n", "{}{}\n",
		"{}\n{}\n", "{}\n\n", "{\"a\":1,\"a\":2}\n", "{\"a\":\"\xff\"}\n", "{\"a\":\n" };

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		ok_fails(say, bad[i], PATIENT, -EBADMSG, "an answer that is no object");
	ok_fails(say_nul, NULL, PATIENT, -EBADMSG, "a NUL behind the object");
	ok_fails(say_and_go, "", PATIENT, -ECONNRESET, "the end in place of an answer");
	ok_fails(say_and_go, "{\"count\":7}", PATIENT, -ECONNRESET, "the end in place of a line's");
	ok_fails(be_mute, NULL, SHORT, -ETIMEDOUT, "silence");
	ok_fails(say, "{\"count\":7}", SHORT, -ETIMEDOUT, "a line that does not end");
	ok_fails(drip, NULL, SHORT, -ETIMEDOUT, "a byte now and then");
}

static void test_sizes(void)
{
	size_t len = CONTROL_RECEIVED_MAX;
	struct control_answer answer;

	ok_int_equal(call(SLICE("{}"), say_much, &len, PATIENT, &answer), 0,
		"as much as there may be");
	ok_int_equal(answer.text.len, len - 1, "is there as a whole");
	control_answer_release(&answer);
	len++;
	ok_int_equal(call(SLICE("{}"), say_much, &len, PATIENT, &answer), -EMSGSIZE, "a byte more");
}

/* One that accepts nobody, or reads nothing, makes nobody wait longer than agreed. */
static void test_deaf(void)
{
	_cleanup_(buffer_release) struct buffer large = { 0 };
	struct control_answer answer;
	int listen_fd = listen_here(0), fds[64];

	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fds[i], (struct sockaddr *)&address, sizeof(address));
	}
	ok_int_equal(control_call(&config, SLICE("{}"), SHORT, &answer), -ETIMEDOUT,
		"a queue of connections that is full");
	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++)
		close(fds[i]);
	memset(buffer_reserve(&large, 4 << 20), 'x', 4 << 20);
	large.len = 4 << 20;
	ok_int_equal(control_call(&config, buffer_slice(&large), SHORT, &answer), -ETIMEDOUT,
		"a request that is not read");
	close(listen_fd);
}

static void test_disconnect(void)
{
	_cleanup_(buffer_release) struct buffer one = { 0 }, all = { 0 };

	control_format_disconnect(&one, "a\"\\\xc3\xa4");
	tap_ok(slice_is(buffer_slice(&one),
		       "{\"command\":\"disconnect\",\"user\":\"a\\\"\\\\\xc3\xa4\"}"),
		"the request for one user");
	control_format_disconnect(&all, NULL);
	tap_ok(slice_is(buffer_slice(&all), "{\"command\":\"disconnect\",\"all\":true}"),
		"and for all");
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	test_nobody();
	test_done(say, "at once");
	test_done(stutter, "byte by byte");
	test_done(say_and_go, "closed behind it");
	test_refused(say, "at once");
	test_refused(turn_away, "before it was asked");
	test_refused_badly();
	test_broken();
	test_sizes();
	test_deaf();
	test_disconnect();
	unlink(address.sun_path);
	rmdir(directory);
	return tap_done();
}
