/*
 * tidings doctor: whether the push daemon can be reached through the web server, as browsers do:
 * by a WebSocket, whose upgrade must pass; by a stream of events, which must not be gathered; and
 * whether what is silent stays open for as long as it must.
 */
#include "cli/doctor.h"

#include "cli/fetch.h"
#include "lib/clock.h"

#include <errno.h>

enum {
	TIMEOUT = 5000,		/* milliseconds: for the head, and for the first message */
	RECEIVED_MAX = 1 << 20, /* bytes */
	IDLE_MARGIN = 5,	/* seconds above two heartbeats */
};

/* ---- reading what comes ---- */

unsigned doctor_http_status(struct slice head)
{
	static const char begin[] = "HTTP/1.";
	unsigned status = 0;

	if (head.len < 13 || memcmp(head.data, begin, sizeof(begin) - 1) != 0 ||
		head.data[8] != ' ')
		return 0;
	for (size_t i = 9; i < 12; i++) {
		if (head.data[i] < '0' || head.data[i] > '9')
			return 0;
		status = status * 10 + (unsigned)(head.data[i] - '0');
	}
	return status;
}

/* Those of a server are not masked; none that we are sent is 64 kB long. */
bool doctor_take_frame(struct slice *bytes, struct doctor_frame *ret_frame)
{
	const unsigned char *data = (const unsigned char *)bytes->data;
	size_t head = 2, len;

	if (bytes->len < head)
		return false;
	len = data[1] & 0x7f;
	if (len == 127)
		return false;
	if (len == 126) {
		head = 4;
		if (bytes->len < head)
			return false;
		len = (size_t)data[2] << 8 | data[3];
	}
	if (bytes->len - head < len)
		return false;
	ret_frame->opcode = data[0] & 0x0f;
	ret_frame->payload = (struct slice){ bytes->data + head, len };
	*bytes = (struct slice){ bytes->data + head + len, bytes->len - head - len };
	return true;
}

/* The place behind this text, which is awaited; NULL if it has not come, and *ret_result why. */
static const char *await_text(struct fetch *fetch, struct buffer *received, const char *text,
	int *ret_result)
{
	int64_t deadline = clock_ms() + TIMEOUT;
	const char *at = NULL;

	*ret_result = 0;
	while (!at && *ret_result == 0) {
		int64_t left = deadline - clock_ms();

		if (received->len > 0)
			at = memmem(received->data, received->len, text, strlen(text));
		if (!at)
			*ret_result =
				left > 0 ? fetch_receive(fetch, received, (int)left) : -ETIMEDOUT;
	}
	return at ? at + strlen(text) : NULL;
}

/* ---- asking ---- */

static const char upgrade_headers[] = "Upgrade: websocket\r\n"
				      "Connection: Upgrade\r\n"
				      "Sec-WebSocket-Version: 13\r\n"
				      "Sec-WebSocket-Key: dGlkaW5ncyBkb2N0b3IuLg==\r\n"
				      "Sec-WebSocket-Protocol: tidings.v1\r\n";
static const char stream_headers[] = "Accept: text/event-stream\r\n";

/* Connects and asks; a failure is told. Returns NULL then. */
static struct fetch *ask(struct doctor *doctor, const char *path, const char *headers)
{
	_cleanup_(buffer_release) struct buffer all = { 0 };
	const char *token = doctor_token(doctor);
	char problem[FETCH_PROBLEM_SIZE];
	struct fetch *fetch = NULL;

	if (!token)
		return NULL;
	buffer_print(&all, "%sAuthorization: Bearer %s\r\n", headers, token);
	if (buffer_string(&all) &&
		fetch_open(doctor->url, path, all.data, TIMEOUT, &fetch, problem) < 0)
		doctor_say(doctor, DOCTOR_UNCHECKED, "%s", problem);
	return fetch;
}

/* What a status says of the web server. */
static const struct meaning {
	unsigned status;
	const char *finding;
	const char *remedy; /* NULL = the setting's */
} meanings[] = {
	{ 400, "the web server drops the header Upgrade, or changes the request", NULL },
	{ 426, "the web server drops the header Upgrade", NULL },
	{ 401, "the push daemon refuses a valid token, or the web server drops Authorization",
		"have the push daemon use this configuration and its key: systemctl "
		"try-reload-or-restart tidings-pushd; and see what is said of Authorization "
		"above" },
	{ 403, "the push daemon, or the web server, forbids it",
		"see allowed-origins of the "
		"configuration" },
	{ 404, "the web server passes this path elsewhere",
		"have it pass /ws and /stream below the path of --url to the socket of "
		"tidings-pushd: tidings-pushd(8); path of the configuration must be the same" },
	{ 502, "the web server cannot reach the push daemon",
		"start it, and have the web server's user be in the group of its socket" },
	{ 503, "there is no room, or the web server cannot reach the push daemon",
		"start it; have the web server's user be in the group of its socket; see "
		"max-connections" },
	{ 0, "this answer is not that of the push daemon",
		"tidings-pushd(8) has the settings of "
		"the web server" },
};

static void tell_status(struct doctor *doctor, const char *path, unsigned status,
	enum doctor_setting setting)
{
	const struct meaning *meaning = meanings;

	while (meaning->status != status && meaning->status != 0)
		meaning++;
	doctor_say(doctor, DOCTOR_FAILURE, "%s%s: status %u: %s", doctor->url, path, status,
		meaning->finding);
	if (meaning->remedy)
		doctor_advise(doctor, "%s", meaning->remedy);
	else
		doctor_advise_setting(doctor, setting);
}

/*
 * Asks, and waits for the head of the answer, whose status should be this one. Returns NULL after
 * telling what is wrong. What has come behind the head stays in *received.
 */
static struct fetch *open_session(struct doctor *doctor, const char *path, const char *headers,
	unsigned wanted, enum doctor_setting setting, struct buffer *received)
{
	_cleanup_(freeing_fetch_close) struct fetch *fetch = ask(doctor, path, headers);
	const char *body;
	unsigned status;
	int r;

	if (!fetch)
		return NULL;
	body = await_text(fetch, received, "\r\n\r\n", &r);
	if (!body) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s%s: no answer has come: %s", doctor->url,
			path, strerror(-r));
		doctor_advise_setting(doctor, setting);
		return NULL;
	}
	status = doctor_http_status(buffer_slice(received));
	if (status != wanted) {
		tell_status(doctor, path, status, setting);
		return NULL;
	}
	buffer_consume(received, (size_t)(body - received->data));
	return take(fetch);
}

/* ---- the checks ---- */

void doctor_websocket(struct doctor *doctor)
{
	_cleanup_(buffer_release) struct buffer received = { .limit = RECEIVED_MAX };
	_cleanup_(freeing_fetch_close) struct fetch *fetch =
		open_session(doctor, "/ws", upgrade_headers, 101, SETTING_UPGRADE, &received);
	int r;

	if (!fetch)
		return;
	if (doctor->unwell) {
		doctor_say(doctor, DOCTOR_OK,
			"the web server passes it; no greeting is awaited while something is away");
		return;
	}
	if (await_text(fetch, &received, "\"connected\"", &r)) {
		doctor_say(doctor, DOCTOR_OK, "the web server passes it, and the greeting arrives");
		return;
	}
	doctor_say(doctor, DOCTOR_FAILURE, "the upgrade passes, but no greeting: %s", strerror(-r));
	doctor_advise(doctor, "if the push daemon cannot reach the store its log says so");
}

/* What a web server gathers arrives only when the answer ends, which this one does not. */
void doctor_stream(struct doctor *doctor)
{
	_cleanup_(buffer_release) struct buffer received = { .limit = RECEIVED_MAX };
	_cleanup_(freeing_fetch_close) struct fetch *fetch =
		open_session(doctor, "/stream", stream_headers, 200, SETTING_STREAM, &received);
	int r;

	if (!fetch)
		return;
	if (doctor->unwell) {
		doctor_say(doctor, DOCTOR_UNCHECKED, "no event is awaited while something is away");
		return;
	}
	if (await_text(fetch, &received, "event: connected", &r)) {
		doctor_say(doctor, DOCTOR_OK, "events arrive while the answer goes on");
		return;
	}
	doctor_say(doctor, DOCTOR_FAILURE,
		"the web server gathers, or compresses, the events of a stream: %s", strerror(-r));
	doctor_advise_setting(doctor, SETTING_STREAM);
}

/* Answers pings, as a browser does. Returns false once the server closes. */
static bool answer_frames(struct fetch *fetch, struct buffer *received)
{
	/* A pong without content; the mask may be anything */
	static const char pong[] = { (char)0x8a, (char)0x80, 't', 'i', 'd', 'y' };
	struct slice rest = buffer_slice(received);
	struct doctor_frame frame;
	bool open = true;

	while (open && doctor_take_frame(&rest, &frame)) {
		if (frame.opcode == 9)
			open = fetch_send(fetch, (struct slice){ pong, sizeof(pong) }) == 0;
		else if (frame.opcode == 8)
			open = false;
	}
	buffer_consume(received, received->len - rest.len);
	return open;
}

/* Returns after how many seconds the connection was cut; -1: it was not. */
static int64_t wait_idle(struct fetch *fetch, struct buffer *received, unsigned seconds)
{
	int64_t begun = clock_ms(), deadline = begun + (int64_t)seconds * 1000;

	while (answer_frames(fetch, received)) {
		int64_t left = deadline - clock_ms();
		int r = left > 0 ? fetch_receive(fetch, received, (int)left) : -ETIMEDOUT;

		if (r == -ETIMEDOUT)
			return -1;
		if (r < 0)
			break;
	}
	return (clock_ms() - begun) / 1000;
}

void doctor_idle(struct doctor *doctor)
{
	_cleanup_(buffer_release) struct buffer received = { .limit = RECEIVED_MAX };
	_cleanup_(freeing_fetch_close) struct fetch *fetch = NULL;
	unsigned interval = doctor->tool.config->push.ping_interval;
	int64_t cut;

	if (!doctor->patient) {
		doctor_say(doctor, DOCTOR_UNCHECKED,
			"give --patient to have it tried, for %u seconds",
			2 * interval + IDLE_MARGIN);
		return;
	}
	fetch = open_session(doctor, "/ws", upgrade_headers, 101, SETTING_UPGRADE, &received);
	if (!fetch)
		return;
	cut = wait_idle(fetch, &received, 2 * interval + IDLE_MARGIN);
	if (cut < 0) {
		doctor_say(doctor, DOCTOR_OK, "a silent WebSocket stays open");
		return;
	}
	doctor_say(doctor, DOCTOR_FAILURE, "a silent WebSocket is cut after %lld seconds",
		(long long)cut);
	doctor_advise_setting(doctor, SETTING_TIMEOUT);
}
