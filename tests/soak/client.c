/* A client that behaves well, see client.h. */
#include "tests/soak/client.h"

#include "tests/crash/chance.h"
#include "tests/soak/told.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
	MS = 1000,
	STAY_MS = 20000, /* at most */
	AWAY_MS = 1500,	 /* at most */
	PAUSE_MS = 2000, /* between two acts, at most */
	STALL_MS = 2000, /* at most; the server's patience is longer */
	TOKEN_SECONDS = 3600,
	COMES_BACK = 80, /* percent of the times it says where it left off */
};

/* ---- what it is told ---- */

static void apply(struct client *client, const struct counts *counts)
{
	truth_note(&client->soak->truth, client->user, counts);
	client->counts = *counts;
	client->placed = true;
}

static void garbled(struct client *client, struct slice text)
{
	soak_blame(client->soak, &client->soak->tally.garbled, "a client cannot make out: %.*s",
		text.len < 300 ? (int)text.len : 300, text.data);
}

/* A change, or several as one. */
static void on_change(struct client *client, struct slice text, bool single)
{
	struct tally *tally = &client->soak->tally;
	bool reset = !single && told_contains(text, "\"reset\":true");
	struct counts counts;

	tally->delivered++;
	if (!told_counts(text, &counts)) {
		garbled(client, text);
		return;
	}
	truth_note(&client->soak->truth, client->user, &counts);
	tally->resets += reset;
	if (!reset && client->placed && counts.seq <= client->counts.seq) {
		tally->dropped++;
		return;
	}
	if (single && client->placed && counts.seq != client->counts.seq + 1)
		soak_blame(client->soak, &tally->gaps, "user %u is told change %llu after %llu",
			client->user, (unsigned long long)counts.seq,
			(unsigned long long)client->counts.seq);
	apply(client, &counts);
	if (reset)
		wire_send_text(&client->wire, "{\"type\":\"fetch_notifications\"}");
}

static void on_new(struct client *client, struct slice text)
{
	on_change(client, text, true);
}

static void on_update(struct client *client, struct slice text)
{
	client->soak->tally.conflated += !told_contains(text, "\"changes\":");
	on_change(client, text, false);
}

/* The counts as of what it was told; only for one who was never there they are news. */
static void on_count(struct client *client, struct slice text)
{
	struct counts counts;

	if (!told_counts(text, &counts))
		garbled(client, text);
	else if (client->placed && counts.seq != client->counts.seq)
		soak_blame(client->soak, &client->soak->tally.gaps,
			"user %u is told the count of change %llu after %llu", client->user,
			(unsigned long long)counts.seq, (unsigned long long)client->counts.seq);
	else
		apply(client, &counts);
}

static void on_connected(struct client *client, struct slice text)
{
	static const char NAME[] = "\"epoch\":\"";
	struct soak *soak = client->soak;
	const char *at = memmem(text.data, text.len, NAME, sizeof(NAME) - 1);
	char epoch[sizeof(soak->epoch)] = "";

	for (size_t i = 0; at && i < sizeof(epoch) - 1 && at[sizeof(NAME) - 1 + i] != '"'; i++)
		epoch[i] = at[sizeof(NAME) - 1 + i]; /* a whole object: there is an end */
	if (!*soak->epoch)
		memcpy(soak->epoch, epoch, sizeof(epoch));
	if (!*epoch || strcmp(soak->epoch, epoch) != 0)
		garbled(client, text);
	client->connected = true;
}

static void on_auth_required(struct client *client, struct slice text)
{
	char message[1024];

	(void)text;
	if (client->placed && by_chance(COMES_BACK, 100))
		snprintf(message, sizeof(message),
			"{\"type\":\"auth\",\"token\":\"%s\",\"since\":%llu,\"epoch\":\"%s\"}",
			client->token, (unsigned long long)client->counts.seq, client->soak->epoch);
	else
		snprintf(message, sizeof(message), "{\"type\":\"auth\",\"token\":\"%s\"}",
			client->token);
	if (!strstr(message, "since"))
		client->placed = false;
	wire_send_text(&client->wire, message);
}

/* That the store has too much to do for one user is no fault. */
static void on_error(struct client *client, struct slice text)
{
	if (told_contains(text, "\"code\":\"unavailable\""))
		client->soak->tally.busy++;
	else
		garbled(client, text);
}

/* Without the subprotocol a ping is a message. */
static void on_ping(struct client *client, struct slice text)
{
	(void)text;
	wire_send_text(&client->wire, "{\"type\":\"pong\"}");
}

static void ignore(struct client *client, struct slice text)
{
	(void)client;
	(void)text;
}

static void on_text(struct client *client, struct slice text)
{
	static const struct {
		const char *begin;
		void (*told)(struct client *client, struct slice text);
	} messages[] = {
		{ "{\"type\":\"new_notification\"", on_new },
		{ "{\"type\":\"notification_update\"", on_update },
		{ "{\"type\":\"unread_count\"", on_count },
		{ "{\"type\":\"connected\"", on_connected },
		{ "{\"type\":\"auth_required\"", on_auth_required },
		{ "{\"type\":\"notifications_list\"", ignore },
		{ "{\"type\":\"pong\"", ignore },
		{ "{\"type\":\"ping\"", on_ping },
		{ "{\"type\":\"error\"", on_error },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(messages); i++) {
		size_t len = strlen(messages[i].begin);

		if (text.len >= len && memcmp(text.data, messages[i].begin, len) == 0) {
			messages[i].told(client, text);
			return;
		}
	}
	garbled(client, text);
}

static void go_away(struct client *client)
{
	wire_close(&client->wire);
	client->connected = client->stalled = false;
	client->next = monotonic_us() + (int64_t)pick(AWAY_MS) * MS;
}

static void on_close(struct client *client, struct slice payload)
{
	const uint8_t *bytes = (const uint8_t *)payload.data;

	if (payload.len >= 2)
		soak_blame(client->soak, &client->soak->tally.closed, "user %u is closed: %d %.*s",
			client->user, bytes[0] << 8 | bytes[1], (int)payload.len - 2,
			payload.data + 2);
	else
		garbled(client, payload);
	go_away(client);
}

static void on_frame(void *context, unsigned opcode, struct slice payload)
{
	struct client *client = context;

	if (opcode == WIRE_TEXT) {
		on_text(client, payload);
	} else if (opcode == WIRE_PING) {
		wire_send(&client->wire, WIRE_PONG, payload);
	} else if (opcode == WIRE_CLOSE) {
		on_close(client, payload);
	}
}

static void on_event(struct watched *watched, uint32_t events)
{
	struct client *client = (struct client *)watched;
	int r;

	if (client->stalled && !(events & (EPOLLHUP | EPOLLERR)))
		return;
	r = wire_receive(&client->wire, on_frame, client);
	if (r == 0)
		return;
	soak_blame(client->soak, &client->soak->tally.closed, "user %u: %s", client->user,
		r < 0		    ? strerror(-r)
		: r == WIRE_REFUSED ? "refused"
				    : "cut off");
	go_away(client);
}

/* ---- what it does ---- */

static int come(struct client *client, int64_t now)
{
	bool returns = client->placed && by_chance(COMES_BACK, 100);
	struct soak *soak = client->soak;
	char query[128] = "", name[16];
	int r;

	free(take(client->token));
	r = site_token(&soak->site, truth_name(client->user, name), TOKEN_SECONDS, &client->token);
	if (r == 0)
		r = wire_connect(&client->wire, soak->site.sockets[SITE_PUSHD]);
	if (r == -EAGAIN)
		return 0; /* the queue of those who want in is full: soon */
	if (r == 0)
		r = soak_watch(soak, &client->watched, client->wire.fd, EPOLLIN);
	if (r < 0)
		return r;
	soak->tally.connected++;
	client->leaves = now + (int64_t)pick(STAY_MS) * MS;
	client->wants_auth = by_chance(1, 3);
	if (!client->wants_auth && !returns)
		client->placed = false;
	if (!client->wants_auth && returns)
		snprintf(query, sizeof(query), "since=%llu&epoch=%s",
			(unsigned long long)client->counts.seq, soak->epoch);
	soak->tally.returned += returns;
	wire_send_head(&client->wire, client->wants_auth ? NULL : client->token, query);
	return 0;
}

static void leave(struct client *client)
{
	struct tally *tally = &client->soak->tally;

	if (by_chance(1, 2)) {
		tally->left++;
		wire_send(&client->wire, WIRE_CLOSE, SLICE("\x03\xe8"));
	} else {
		tally->vanished++; /* with whatever it has not read */
	}
	go_away(client);
}

static void renew(struct client *client)
{
	char message[1024], name[16];

	free(take(client->token));
	if (site_token(&client->soak->site, truth_name(client->user, name),
		    TOKEN_SECONDS + pick(TOKEN_SECONDS), &client->token) < 0)
		return;
	snprintf(message, sizeof(message), "{\"type\":\"auth\",\"token\":\"%s\"}", client->token);
	wire_send_text(&client->wire, message);
	client->soak->tally.renewed++;
}

static void stall(struct client *client, int64_t now)
{
	client->stalled = true;
	client->next = now + (int64_t)pick(STALL_MS) * MS;
	soak_rewatch(client->soak, &client->watched, client->wire.fd, 0);
	client->soak->tally.stalled++;
}

static void ask(struct client *client)
{
	static const char *const questions[] = {
		"{\"type\":\"unread_count\"}",
		"{\"type\":\"fetch_notifications\",\"limit\":20}",
		"{\"type\":\"ping\"}",
		"{\"type\":\"seen\"}",
		"{\"type\":\"mark_all_read\"}",
	};

	wire_send_text(&client->wire, questions[pick(ARRAY_LENGTH(questions))]);
	client->soak->tally.asked++;
}

static void do_something(struct client *client, int64_t now)
{
	unsigned chance = pick(100);

	client->next = now + (int64_t)pick(PAUSE_MS) * MS;
	if (chance < 15)
		stall(client, now);
	else if (chance < 30)
		renew(client);
	else if (chance < 70)
		ask(client);
}

void client_settle(struct client *client)
{
	if (client->wire.fd < 0 || !client->stalled)
		return;
	client->stalled = false;
	soak_rewatch(client->soak, &client->watched, client->wire.fd, EPOLLIN);
}

int client_act(struct client *client, int64_t now)
{
	if (client->soak->calm || client->next > now)
		return 0;
	if (client->wire.fd < 0)
		return come(client, now);
	if (client->stalled) {
		client_settle(client);
		client->next = now + (int64_t)pick(PAUSE_MS) * MS; /* and reads first */
		return 0;
	}
	if (!client->connected)
		return 0;
	if (client->leaves <= now)
		leave(client);
	else
		do_something(client, now);
	return 0;
}

bool client_is_there(const struct client *client)
{
	return client->wire.fd >= 0;
}

bool client_is_level(const struct client *client)
{
	const struct truth *truth = &client->soak->truth;

	return client->placed && client->counts.seq == truth->store[client->user].seq;
}

uint64_t client_lag(const struct client *client)
{
	if (client->wire.fd < 0 || !client->placed || client->stalled)
		return 0;
	return client->soak->truth.newest[client->user] - client->counts.seq;
}

int client_init(struct client *client, struct soak *soak, unsigned user)
{
	*client = (struct client){
		.watched.event = on_event,
		.soak = soak,
		.wire.fd = -1,
		.user = user,
		.next = monotonic_us() + (int64_t)pick(AWAY_MS) * MS,
	};
	return 0;
}

void client_release(struct client *client)
{
	wire_close(&client->wire);
	free(take(client->token));
}
