/* Many clients, see listeners.h. What a client has not understood yet is kept, and is little. */
#include "tests/system/listeners.h"

#include "lib/timestamp.h"
#include "lib/token.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { EVENTS = 256, READ_SIZE = 16384, TOKEN_LIFE = 3600 };

struct listener {
	int fd; /* -1 = not connected */
	bool upgraded, greeted;
	uint64_t seq;
	struct buffer input; /* not yet understood */
};

struct listeners {
	const struct config *config;
	struct sockaddr_un address;
	int epoll_fd;
	unsigned begun; /* how many were told to connect */
	struct listeners_counts counts;
	unsigned count;
	struct listener list[];
};

static void give_up(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

struct listeners *listeners_new(const struct config *config, const char *socket_path,
	unsigned count)
{
	struct listeners *listeners =
		calloc(1, sizeof(*listeners) + count * sizeof(struct listener));

	if (!listeners || strlen(socket_path) >= sizeof(listeners->address.sun_path))
		give_up("listeners");
	listeners->config = config;
	listeners->address.sun_family = AF_UNIX;
	strcpy(listeners->address.sun_path, socket_path);
	listeners->count = count;
	listeners->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (listeners->epoll_fd < 0)
		give_up("epoll_create1");
	for (unsigned i = 0; i < count; i++)
		listeners->list[i].fd = -1;
	return listeners;
}

static void disconnect(struct listeners *listeners, struct listener *listener)
{
	if (listener->fd < 0)
		return;
	close(take_fd(&listener->fd));
	buffer_release(&listener->input);
	listeners->counts.connected--;
}

void listeners_free(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		disconnect(listeners, &listeners->list[i]);
	close(listeners->epoll_fd);
	free(listeners);
}

void listeners_user(unsigned client, char name[static 32])
{
	snprintf(name, 32, "listener%u", client);
}

uint64_t listeners_seq(const struct listeners *listeners, unsigned client)
{
	return listeners->list[client].seq;
}

/* ---- connecting ---- */

static void write_head(struct buffer *to, const struct listeners *listeners, unsigned client)
{
	struct token_claims claims = { .issued = time(NULL), .expires = time(NULL) + TOKEN_LIFE };
	_cleanup_(freeing_memory) char *token = NULL, *problem = NULL;
	char name[32];

	listeners_user(client, name);
	claims.user = name;
	if (token_sign(listeners->config, &claims, &token, &problem) < 0)
		give_up(problem);
	buffer_print(to,
		"GET %s/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
		"Authorization: Bearer %s\r\n\r\n",
		listeners->config->push.path, token);
}

static void connect_one(struct listeners *listeners, unsigned client)
{
	struct listener *listener = &listeners->list[client];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = listener };
	_cleanup_(buffer_release) struct buffer head = { 0 };

	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0 || connect(listener->fd, (struct sockaddr *)&listeners->address,
					sizeof(listeners->address)) < 0)
		give_up("connecting a client");
	listeners->counts.connected++;
	write_head(&head, listeners, client);
	if (send(listener->fd, head.data, head.len, MSG_NOSIGNAL) != (ssize_t)head.len ||
		epoll_ctl(listeners->epoll_fd, EPOLL_CTL_ADD, listener->fd, &event) < 0)
		give_up("a client's request");
}

void listeners_connect(struct listeners *listeners, unsigned more)
{
	for (; more > 0 && listeners->begun < listeners->count; more--)
		connect_one(listeners, listeners->begun++);
}

/* ---- what comes ---- */

static const char *find(struct slice text, const char *what)
{
	return memmem(text.data, text.len, what, strlen(what));
}

static void take_delay(struct listeners *listeners, struct slice text)
{
	static const char name[] = "\"createdAt\":\"";
	const char *at = find(text, name);
	struct timespec now;
	int64_t created, delay;

	if (!at || (size_t)(text.data + text.len - at) < sizeof(name) - 1 + TIMESTAMP_SIZE - 1 ||
		timestamp_parse((struct slice){ at + sizeof(name) - 1, TIMESTAMP_SIZE - 1 },
			&created) < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	delay = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - created;
	if (delay > listeners->counts.longest)
		listeners->counts.longest = delay;
}

/* How many changes a message tells. */
static uint64_t count_changes(struct slice text)
{
	uint64_t n = 0;

	if (find(text, "\"type\":\"new_notification\""))
		return 1;
	for (const char *at; (at = find(text, "\"op\":")); n++)
		text = (struct slice){ at + 1, (size_t)(text.data + text.len - at) - 1 };
	return n;
}

static void take_change(struct listeners *listeners, struct listener *listener, struct slice text,
	uint64_t seq)
{
	struct listeners_counts *counts = &listeners->counts;
	uint64_t told = count_changes(text), expected = listener->seq + told;

	if (find(text, "\"reset\":true"))
		counts->resets++;
	if (seq <= listener->seq || seq < expected)
		counts->doubled++;
	else
		counts->missed += seq - expected;
	counts->told += told;
	listener->seq = seq > listener->seq ? seq : listener->seq;
	if (told == 1)
		take_delay(listeners, text);
}

static void take_message(struct listeners *listeners, struct listener *listener, struct slice text)
{
	const char *at = find(text, "\"seq\":");
	uint64_t seq = at ? strtoull(at + 6, NULL, 10) : 0;

	if (find(text, "\"type\":\"unread_count\"")) {
		listeners->counts.greeted += !listener->greeted;
		listener->greeted = true;
		listener->seq = seq;
	} else if (at) {
		take_change(listeners, listener, text, seq);
	}
}

/* Takes a frame off the front of the bytes; false if there is no whole one. */
static bool take_frame(struct slice *bytes, uint8_t *ret_first, struct slice *ret_payload)
{
	const uint8_t *data = (const uint8_t *)bytes->data;
	size_t start = 2, len;

	if (bytes->len < 2)
		return false;
	len = data[1];
	if (len == 126) {
		if (bytes->len < 4)
			return false;
		len = (size_t)data[2] << 8 | data[3];
		start = 4;
	} else if (len > 126) {
		give_up("a frame that is too long");
	}
	if (bytes->len < start + len)
		return false;
	*ret_first = data[0];
	*ret_payload = (struct slice){ bytes->data + start, len };
	*bytes = (struct slice){ bytes->data + start + len, bytes->len - start - len };
	return true;
}

/* Takes the answer's head off. */
static bool take_head(struct listener *listener, struct slice *bytes)
{
	const char *end = find(*bytes, "\r\n\r\n");

	if (!listener->upgraded && end) {
		if (!find(*bytes, "HTTP/1.1 101"))
			give_up("a client was refused");
		listener->upgraded = true;
		bytes->len -= (size_t)(end + 4 - bytes->data);
		bytes->data = end + 4;
	}
	return listener->upgraded;
}

/* Takes what is whole; returns false at a close frame. */
static bool take_bytes(struct listeners *listeners, struct listener *listener, struct slice bytes)
{
	struct slice rest = bytes, payload;
	uint8_t first;
	bool open = true;

	if (take_head(listener, &rest))
		while (open && take_frame(&rest, &first, &payload)) {
			open = first != 0x88;
			if (first == 0x81)
				take_message(listeners, listener, payload);
		}
	if (!open)
		return false;
	if (listener->input.len > 0)
		buffer_consume(&listener->input, bytes.len - rest.len);
	else
		buffer_append_slice(&listener->input, rest);
	if (listener->input.len == 0)
		buffer_release(&listener->input);
	return true;
}

static void read_one(struct listeners *listeners, struct listener *listener)
{
	char bytes[READ_SIZE];
	ssize_t n = recv(listener->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	struct slice all = { bytes, n > 0 ? (size_t)n : 0 };

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (listener->input.len > 0) {
		buffer_append_slice(&listener->input, all);
		all = buffer_slice(&listener->input);
	}
	if (n <= 0 || !take_bytes(listeners, listener, all))
		disconnect(listeners, listener);
}

int listeners_fd(const struct listeners *listeners)
{
	return listeners->epoll_fd;
}

void listeners_read(struct listeners *listeners)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(listeners->epoll_fd, events, EVENTS, 0);

	for (int i = 0; i < n; i++)
		read_one(listeners, events[i].data.ptr);
}

const struct listeners_counts *listeners_counts(const struct listeners *listeners)
{
	return &listeners->counts;
}

void listeners_forget_longest(struct listeners *listeners)
{
	listeners->counts.longest = 0;
}
