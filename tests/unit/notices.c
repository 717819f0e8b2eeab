/* Lines of the log about clients: what they say. */
#include "lib/log.h"
#include "pushd/hub.h"
#include "tests/tap.h"

#include <fcntl.h>

/* What was written to standard error since, as one string. */
struct capture {
	int file;
	int saved;
	char text[4096];
};

static void capture_begin(struct capture *capture)
{
	*capture = (struct capture){ .file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) };
	capture->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (capture->file < 0 || capture->saved < 0 || dup2(capture->file, STDERR_FILENO) < 0)
		abort();
}

static const char *capture_end(struct capture *capture)
{
	if (dup2(capture->saved, STDERR_FILENO) < 0 ||
		pread(capture->file, capture->text, sizeof(capture->text) - 1, 0) < 0)
		abort();
	close(capture->saved);
	close(capture->file);
	return capture->text;
}

/* A client with 100 bytes queued since 7 seconds. */
static void test_lines(void)
{
	struct hub hub = { .now = 1000 };
	struct session_queue queue = { .bytes.len = 100, .drained = 993 };
	struct subscriber *user = calloc(1, sizeof(*user) + 5);
	struct session session = { .queue = &queue, .subscriber = user };
	struct capture capture;

	if (!user)
		abort();
	user->name_len = 5;
	memcpy(user->name, "alice", user->name_len);
	address_parse(SLICE("2001:db8::1"), &session.address);
	log_open("test", LOG_LEVEL_DEBUG);
	capture_begin(&capture);
	notice_stalled(&hub, &session);
	notice_conflated(&hub, &session);
	notice_close(&session, 4409, "a reason");
	session.subscriber = NULL;
	session.queue = NULL;
	session.address = (struct address){ 0 };
	notice_stalled(&hub, &session);
	notice_refuse(&session, 404);
	ok_string_equal(capture_end(&capture),
		"test: slow user alice at 2001:db8::1: 100 bytes wait, the last were taken 7 s ago:"
		" closed\n"
		"test: slow user alice at 2001:db8::1: 100 bytes wait, the last were taken 7 s ago:"
		" further messages become one\n"
		"test: user alice at 2001:db8::1: closed with 4409: a reason\n"
		"test: slow client at unix: 0 bytes wait, the last were taken 0 s ago: closed\n"
		"test: client at unix: refused with status 404\n",
		"who, where, how much and how long");
	log_open("test", LOG_LEVEL_INFO);
	capture_begin(&capture);
	notice_conflated(&hub, &session);
	notice_close(&session, 4409, "a reason");
	notice_refuse(&session, 404);
	ok_string_equal(capture_end(&capture), "", "but for who is given up only when debugging");
	free(user);
}

static void test_flood(void)
{
	struct hub hub = { .now = 5 };
	struct session session = { 0 };
	struct capture capture;
	const char *text;
	int lines = 0;

	capture_begin(&capture);
	for (int i = 0; i < 1000; i++)
		notice_stalled(&hub, &session);
	text = capture_end(&capture);
	for (; *text; text++)
		lines += *text == '\n';
	tap_ok(lines > 0 && lines <= LOG_EVENT_MAX, "a thousand at once are few lines");
}

int main(void)
{
	test_lines();
	test_flood();
	return tap_done();
}
