/* The inbox, with a store that ends the connection before it is asked anything. */
#include "lib/store_protocol.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

static char directory[] = "/tmp/tidings-inbox.XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct config config = { .store.socket = address.sun_path };
static int listen_fd;

static void listen_here(void)
{
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listen_fd, 8) < 0)
		abort();
}

/* Accepts, says these bytes and closes. */
static void turn_away(const struct buffer *bytes)
{
	int fd = accept(listen_fd, NULL, NULL);

	if (fd < 0 || send(fd, bytes->data, bytes->len, 0) != (ssize_t)bytes->len)
		abort();
	close(fd);
}

static void greet(struct buffer *to, uint16_t status)
{
	struct inbox_greeting greeting = { .epoch = "life" };
	size_t begin;

	if (status == 0) {
		store_encode_greeting(to, &greeting);
		return;
	}
	begin = store_frame_begin(to, 0, STORE_GREETING, status);
	store_frame_end(to, begin);
}

static void note_result(void *context, int result, struct inbox_answer *answer)
{
	(void)answer;
	*(int *)context = result;
}

/* What is sent when the store has closed already is not needed to learn why. */
static void test_refusal(void)
{
	static const struct {
		uint16_t status;
		int expected;
	} cases[] = { { INBOX_FORBIDDEN, -EACCES }, { INBOX_BUSY, -EBUSY } };
	struct inbox_request request = { .operation = INBOX_COUNT, .user = SLICE("anna") };

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		int result = 1;

		inbox_new(&config, &inbox);
		ok_int_equal(inbox_dispatch(inbox), 0, "it connects");
		greet(&bytes, cases[i].status);
		turn_away(&bytes);
		inbox_submit(inbox, &request, note_result, &result);
		ok_int_equal(inbox_dispatch(inbox), cases[i].expected,
			"it is told why it is refused");
		ok_int_equal(result, 1, "the request waits for another connection");
	}
}

/* An answer that came before the end counts, whatever is still to be sent. */
static void test_last_words(void)
{
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct inbox_request request = { .operation = INBOX_READ_ALL, .user = SLICE("anna") };
	struct inbox_answer answer = { .affected = 3 };
	int first = 1, second = 1;
	size_t begin;

	inbox_new(&config, &inbox);
	inbox_submit(inbox, &request, note_result, &first);
	ok_int_equal(inbox_dispatch(inbox), 0, "it connects and asks");
	greet(&bytes, 0);
	begin = store_frame_begin(&bytes, 1, INBOX_READ_ALL, 0);
	store_encode_answer(&bytes, &answer);
	store_frame_end(&bytes, begin);
	turn_away(&bytes);
	inbox_submit(inbox, &request, note_result, &second);
	inbox_dispatch(inbox);
	ok_int_equal(first, 0, "the answer is taken");
	ok_int_equal(second, 1, "what was not sent waits for another connection");
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	listen_here();
	test_refusal();
	test_last_words();
	close(listen_fd);
	unlink(address.sun_path);
	rmdir(directory);
	return tap_done();
}
