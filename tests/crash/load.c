/* The clients, see load.h. */
#include "tests/crash/load.h"

#include "tests/crash/chance.h"
#include "tests/tap.h"

#include <errno.h>
#include <poll.h>

enum {
	REST_US = 8000,		   /* at most, between two operations of a client */
	AGAIN_US = 60000,	   /* at most, before what was refused is tried again … */
	BROKEN_US = 10000,	   /* … and what was broken off */
	STALLED_US = 20 * 1000000, /* a try that takes so long is given up */
	FORGET_US = 1000000, /* at most, before what was answered is asked for once more … */
	FORGETFUL = 20,	     /* … by one client of so many */
	WRONG_TOLD = 10,     /* wrong answers that are shown */
};

void load_set_up(struct load *load, const struct setting *setting, struct ledger *ledger)
{
	*load = (struct load){ .setting = setting, .ledger = ledger };
	for (unsigned i = 0; i < CLIENTS; i++)
		load->clients[i].exchange.fd = -1;
}

void load_release(struct load *load)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		exchange_release(&load->clients[i].exchange);
		operation_release(&load->clients[i].operation);
	}
}

static void sleep_until(struct client *client, int64_t now, unsigned at_most)
{
	exchange_end(&client->exchange);
	client->wake = now + pick(at_most) + 1;
}

/* Sends what the client asks, and chooses that first if need be. */
static int client_ask(struct load *load, struct client *client, int64_t now)
{
	struct operation *operation = &client->operation;
	int r;

	if (!operation->kind) {
		r = operation_begin(operation, client < load->clients + READERS, load->ledger,
			load->setting);
		if (r < 0)
			return r;
		client->begun = now;
	}
	r = exchange_begin(&client->exchange, load->setting->sockets[API],
		buffer_slice(&operation->request));
	if (r < 0) {
		sleep_until(client, now, BROKEN_US);
		return r == -EAGAIN || r == -ECONNREFUSED ? 0 : r;
	}
	client->asked = now;
	load->tally.requests++;
	load->tally.repeated += operation->tries > 0 && !operation->again;
	operation->tries++;
	return 0;
}

/* Whether there is something that this client could do at its time. */
static bool is_waiting(const struct load *load, const struct client *client)
{
	return client->exchange.fd < 0 && (client->operation.kind || !load->ends);
}

int64_t load_ask(struct load *load, int64_t until)
{
	int64_t now = monotonic_us();

	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &load->clients[i];
		int r = 0;

		if (is_waiting(load, client) && client->wake <= now)
			r = client_ask(load, client, now);
		if (r < 0)
			return r;
		if (is_waiting(load, client) && client->wake < until)
			until = client->wake;
	}
	return until;
}

void load_watch(const struct load *load, struct pollfd *fds)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct exchange *exchange = &load->clients[i].exchange;

		fds[i] = (struct pollfd){ .fd = exchange->fd };
		if (exchange->fd >= 0)
			fds[i].events = exchange_events(exchange);
	}
}

static void complain(struct load *load, const struct client *client, const struct reply *reply)
{
	if (load->tally.wrong++ >= WRONG_TOLD)
		return;
	tap_note("wrong: %s, number %u of user %u, try %u: %d %s", client->operation.kind->name,
		client->operation.number, client->operation.user, client->operation.tries,
		reply->status, reply->body ? json_object_to_json_string(reply->body) : "");
}

static void count_answer(struct load *load, const struct client *client, int64_t now)
{
	struct tally *tally = &load->tally;

	if (load->answered && now - load->answered > tally->longest_gap)
		tally->longest_gap = now - load->answered;
	load->answered = now;
	if (now - client->begun > tally->longest_wait)
		tally->longest_wait = now - client->begun;
	if (strcmp(client->operation.kind->method, "GET") == 0)
		tally->looked++;
	else
		tally->changed++;
}

/* It cannot be done now. Only changes may be refused because the disk is full. */
static void take_refusal(struct load *load, struct client *client, const struct reply *reply,
	int64_t now)
{
	const char *code = reply->status == 507 ? "storage_full" : "unavailable";

	if (reply->status == 507)
		load->tally.full++;
	else
		load->tally.unavailable++;
	if (!slice_is(json_string(member(reply->body, "code")), code) ||
		(reply->status == 507 && strcmp(client->operation.kind->method, "GET") == 0))
		complain(load, client, reply);
	sleep_until(client, now, AGAIN_US);
}

/* Some clients forget that they were answered: they must get the same answer again. */
static bool forgets(const struct operation *operation, const struct reply *reply)
{
	return reply->status == 201 && !operation->again && by_chance(1, FORGETFUL);
}

static void ask_once_more(struct load *load, struct client *client, int64_t now)
{
	client->operation.again = true;
	load->tally.once_more++;
	sleep_until(client, now, FORGET_US);
	client->begun = client->wake;
}

static void take_reply(struct load *load, struct client *client, const struct reply *reply,
	int64_t now)
{
	struct operation *operation = &client->operation;

	if (operation_must_repeat(reply)) {
		take_refusal(load, client, reply, now);
		return;
	}
	count_answer(load, client, now);
	load->tally.replayed += reply->replayed;
	if (!operation->kind->settle(load->ledger, operation, reply) ||
		(operation->again && !reply->replayed))
		complain(load, client, reply);
	if (forgets(operation, reply)) {
		ask_once_more(load, client, now);
		return;
	}
	operation->kind = NULL;
	sleep_until(client, now, REST_US);
}

static void client_take(struct load *load, struct client *client, int64_t now)
{
	_cleanup_(reply_release) struct reply reply = { 0 };
	int r = exchange_go_on(&client->exchange, &reply);

	if (r == 0) {
		take_reply(load, client, &reply, now);
	} else if (r < 0) {
		if (r == -EBADMSG)
			complain(load, client, &reply);
		load->tally.broken++;
		sleep_until(client, now, BROKEN_US);
	} else if (now - client->asked > STALLED_US) {
		load->tally.stalled++;
		sleep_until(client, now, BROKEN_US);
	}
}

void load_take(struct load *load)
{
	int64_t now = monotonic_us();

	for (unsigned i = 0; i < CLIENTS; i++)
		if (load->clients[i].exchange.fd >= 0)
			client_take(load, &load->clients[i], now);
}

bool load_is_busy(const struct load *load)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (load->clients[i].operation.kind)
			return true;
	return false;
}

void load_cut_off(struct load *load)
{
	load_take(load);
	for (unsigned i = 0; i < CLIENTS; i++)
		exchange_end(&load->clients[i].exchange);
}

void load_pause(struct load *load)
{
	load->answered = 0;
}
