/* Requests of the test itself, see ask.h. */
#include "tests/crash/ask.h"

#include "tests/crash/chance.h"

#include <errno.h>
#include <poll.h>

enum { PATIENCE_US = 30 * 1000000, PAUSE_MS = 10 };

/* One try. Returns 0 and an answer, or -errno. */
static int ask_once(const struct setting *setting, struct slice request, int64_t deadline,
	struct reply *ret_reply)
{
	_cleanup_(exchange_release) struct exchange exchange = { .fd = -1 };
	int r = exchange_begin(&exchange, setting->sockets[API], request);

	if (r < 0)
		return r;
	while ((r = exchange_go_on(&exchange, ret_reply)) == EXCHANGE_WAITS) {
		struct pollfd fd = { .fd = exchange.fd, .events = exchange_events(&exchange) };

		if (monotonic_us() > deadline)
			return -ETIMEDOUT;
		poll(&fd, 1, 1000);
	}
	return r;
}

int ask(const struct setting *setting, const struct fastcgi_request *request,
	struct json_object **ret_body)
{
	_cleanup_(buffer_release) struct buffer encoded = { 0 };
	int64_t deadline = monotonic_us() + PATIENCE_US;
	int r;

	fastcgi_encode(&encoded, request);
	do {
		_cleanup_(reply_release) struct reply reply = { 0 };

		r = ask_once(setting, buffer_slice(&encoded), deadline, &reply);
		if (r == 0 && reply.status == 200) {
			*ret_body = take(reply.body);
			return 0;
		}
		poll(NULL, 0, PAUSE_MS);
	} while (monotonic_us() < deadline);
	return r < 0 ? r : -EPROTO;
}
