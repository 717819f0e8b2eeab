/* A client that misbehaves, see rogue.h. */
#include "tests/soak/rogue.h"

#include "tests/crash/chance.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/random.h>

enum {
	MS = 1000,
	STAY_MS = 8000, /* at most: longer than the server's patience */
	AWAY_MS = 300,	/* at most */
	NOISE = 6000,	/* bytes, at most */
	FLOOD = 100,	/* messages */
};

/* ---- instead of an upgrade ---- */

static void send_noise(struct rogue *rogue)
{
	char noise[NOISE];

	(void)!getrandom(noise, sizeof(noise), 0);
	wire_send_bytes(&rogue->wire, noise, 1 + pick(NOISE));
}

static void send_other_request(struct rogue *rogue)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /api/notifications/ws HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
		"GET /api/notifications/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
		"GET /api/notifications/ws HTTP/9.9\r\n\r\n",
		"\r\n\r\n\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	};

	const char *request = requests[pick(ARRAY_LENGTH(requests))];

	wire_send_bytes(&rogue->wire, request, strlen(request));
}

static void send_half_a_head(struct rogue *rogue)
{
	static const char head[] = "GET /api/notifications/ws HTTP/1.1\r\nHost: soak.test\r\nUpgr";

	wire_send_bytes(&rogue->wire, head, 1 + pick(sizeof(head) - 1));
}

static void send_wrong_token(struct rogue *rogue)
{
	static const char *const tokens[] = { "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA" };

	wire_send_head(&rogue->wire, tokens[pick(ARRAY_LENGTH(tokens))], "since=-1&epoch=%00");
}

/* Its patience is longer than the server's. */
static void send_no_token(struct rogue *rogue)
{
	wire_send_head(&rogue->wire, NULL, "");
}

/* As one of those who behave; what comes then is in `spoil`. */
static void join(struct rogue *rogue)
{
	_cleanup_(freeing_memory) char *token = NULL;
	char name[16];

	if (site_token(&rogue->soak->site, truth_name(pick(TRUTH_USERS), name), 60, &token) == 0)
		wire_send_head(&rogue->wire, token, by_chance(1, 2) ? "since=1&epoch=other" : "");
}

/* ---- once it is in ---- */

static void send_bad_frame(struct rogue *rogue)
{
	static const struct {
		const char *bytes;
		size_t len;
	} frames[] = {
		{ "\x81\x02{}", 4 },	   /* no mask */
		{ "\xf1\x80\0\0\0\0", 6 }, /* reserved bits */
		{ "\x83\x80\0\0\0\0", 6 }, /* a reserved opcode */
		{ "\x09\x80\0\0\0\0", 6 }, /* a ping in fragments */
		{ "\x80\x80\0\0\0\0", 6 }, /* nothing to continue */
		{ "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14 }, /* very long */
		{ "\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14 },		    /* of negative length */
		{ "\x81\x81\0\0\0\0\xff", 7 },				    /* no UTF-8 */
		{ "\x88\x81\0\0\0\0\x03", 7 },				    /* half a close code */
		{ "\x82\x81\0\0\0\0x", 7 },				    /* binary */
		{ "\x01\x83\0\0\0\0abc", 9 }, /* a message without end */
	};
	unsigned which = pick(ARRAY_LENGTH(frames));

	wire_send_bytes(&rogue->wire, frames[which].bytes, frames[which].len);
}

static void send_bad_json(struct rogue *rogue)
{
	static const char *const texts[] = { "", "{", "null",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "{\"type\":\"auth\"}",
		"{\"type\":\"mark_read\",\"id\":\"x\"}", "{\"type\":7}",
		"{\"type\":\"fetch_notifications\",\"limit\":1e99}", "{\"type\":\"ping\\u0000\"}" };

	for (unsigned i = 0; i < 10; i++)
		wire_send_text(&rogue->wire, texts[pick(ARRAY_LENGTH(texts))]);
}

static void send_too_much(struct rogue *rogue)
{
	for (unsigned i = 0; i < FLOOD; i++)
		wire_send_text(&rogue->wire, "{\"type\":\"fetch_notifications\",\"limit\":100}");
}

static void send_noise_frames(struct rogue *rogue)
{
	send_bad_json(rogue);
	send_noise(rogue);
}

static void read_nothing(struct rogue *rogue)
{
	send_bad_json(rogue);
	soak_rewatch(rogue->soak, &rogue->watched, rogue->wire.fd, 0);
}

static void vanish(struct rogue *rogue)
{
	rogue->next = 0;
}

static const struct {
	void (*begin)(struct rogue *rogue);
	void (*spoil)(struct rogue *rogue); /* once the server has answered the upgrade */
} kinds[] = {
	{ send_noise, NULL },
	{ send_other_request, NULL },
	{ send_half_a_head, NULL },
	{ send_wrong_token, NULL },
	{ send_no_token, NULL },
	{ send_no_token, send_bad_json },
	{ send_no_token, vanish },
	{ join, send_bad_frame },
	{ join, send_bad_json },
	{ join, send_too_much },
	{ join, send_noise_frames },
	{ join, read_nothing },
	{ join, read_nothing },
	{ join, vanish },
};

/* ---- what it sees ---- */

static void on_frame(void *context, unsigned opcode, struct slice payload)
{
	(void)context;
	(void)opcode;
	(void)payload;
}

static void go_away(struct rogue *rogue)
{
	wire_close(&rogue->wire);
	rogue->next = monotonic_us() + (int64_t)pick(AWAY_MS) * MS;
}

static void on_event(struct watched *watched, uint32_t events)
{
	struct rogue *rogue = (struct rogue *)watched;
	int r = wire_receive(&rogue->wire, on_frame, rogue);

	(void)events;
	rogue->soak->tally.refused += r == WIRE_REFUSED;
	if (r != 0) {
		go_away(rogue);
		return;
	}
	if (!rogue->wire.open || rogue->done)
		return;
	rogue->done = true;
	if (kinds[rogue->kind].spoil)
		kinds[rogue->kind].spoil(rogue);
}

static int come(struct rogue *rogue, int64_t now)
{
	struct soak *soak = rogue->soak;
	int r = wire_connect(&rogue->wire, soak->site.sockets[SITE_PUSHD]);

	if (r == -EAGAIN)
		return 0;
	if (r == 0)
		r = soak_watch(soak, &rogue->watched, rogue->wire.fd, EPOLLIN);
	if (r < 0)
		return r;
	soak->tally.rogues++;
	rogue->done = false;
	rogue->next = now + (int64_t)pick(STAY_MS) * MS;
	rogue->kind = pick(ARRAY_LENGTH(kinds));
	kinds[rogue->kind].begin(rogue);
	return 0;
}

int rogue_act(struct rogue *rogue, int64_t now)
{
	if (rogue->next > now)
		return 0;
	if (rogue->wire.fd < 0)
		return rogue->soak->calm ? 0 : come(rogue, now);
	go_away(rogue);
	return 0;
}

void rogue_init(struct rogue *rogue, struct soak *soak)
{
	*rogue = (struct rogue){
		.watched.event = on_event,
		.soak = soak,
		.wire.fd = -1,
		.next = monotonic_us() + (int64_t)pick(STAY_MS) * MS,
	};
}

void rogue_release(struct rogue *rogue)
{
	wire_close(&rogue->wire);
}
