/*
 * For tests of the push daemon without its server: a hub whose clients are the ends of
 * socket pairs, and whose store is a model in memory.
 *
 * The model keeps two users, "a" and "b". What it is asked waits until the test has it
 * computed, as of that moment, and later delivered: so that changes, ends of clients and time
 * can come in between. A change reaches the hub at once, as from the feed, unless the feed is
 * held.
 *
 * All of it ends the test program when something fails that must not.
 */
#pragma once

#include "pushd/handover.h"
#include "pushd/hub.h"
#include "tests/unit/hub_inbox.h"

enum {
	FIXTURE_WALL = 1800000000,
	FIXTURE_LIFE = 1000, /* seconds of a token */
	FIXTURE_TOKENS = 2 * HUB_MODEL_USERS,
	FIXTURE_EPOCHS = 9, /* names: the digits from 1 on, over and over */
	FIXTURE_COPIES = 500, /* descriptors are below */
};

struct hub_fixture {
	struct hub hub;
	struct config *config;
	char *tokens[FIXTURE_TOKENS]; /* of the users; and others, that no revocation concerns */
	bool held;
	struct handover handover; /* what is handed over beside the hub */
};

/* Keys and configuration are made once for all hubs of the program. */
void fixture_begin(struct hub_fixture *fixture);

/* Ends all as the server does. */
void fixture_end(struct hub_fixture *fixture);

/* The server's end of a new connection joins the hub; returns the client's, which never blocks. */
int fixture_connect(struct hub_fixture *fixture);

/* Handles what has come from the clients, until there is nothing. */
void fixture_run(struct hub_fixture *fixture);

/*
 * Another program takes the hub's place: all that is left of it is what is handed over, in a
 * file whose descriptor is returned, to be closed, and the sockets. Whoever waits for the
 * store's answers is asked for again.
 */
int fixture_upgrade(struct hub_fixture *fixture);

/* What is handed over: to be closed. */
int fixture_save(struct hub_fixture *fixture);

/* Maps such a file, for good. */
struct slice fixture_state(int state_fd);

/* Lets time pass, and does what is due. */
void fixture_pass(struct hub_fixture *fixture, uint32_t seconds);

/* ---- the store ---- */

struct hub_model *fixture_model(const struct hub_fixture *fixture);

/* Something changes, as hub_model.h says. */
void fixture_change(struct hub_fixture *fixture, unsigned user, enum change_kind kind, bool many);
void fixture_broadcast(struct hub_fixture *fixture, enum change_kind kind, bool old);
void fixture_dismiss(struct hub_fixture *fixture, unsigned user, enum change_kind kind);

/* Whether the hub reads nothing of the log: then answers are faster than the feed. */
void fixture_hold(struct hub_fixture *fixture, bool held);

/* Whether the store has no space left. */
void fixture_set_full(struct hub_fixture *fixture, bool full);

/*
 * Another life of the store: its new name is the next digit. So many answers come before the
 * hub is told.
 */
void fixture_new_epoch(struct hub_fixture *fixture, unsigned answers);
const char *fixture_epoch(const struct hub_fixture *fixture);

/* How many requests wait for their answer. */
size_t fixture_waiting(const struct hub_fixture *fixture);

/* Computes the answers to all that was asked. */
void fixture_compute(struct hub_fixture *fixture);

/* Lets the second answer overtake the first. */
void fixture_overtake(struct hub_fixture *fixture);

/* Delivers the answer to the first request: its own if `result` is 0, else this failure. */
void fixture_deliver(struct hub_fixture *fixture, int result);

/* ---- what clients send ---- */

/* The head of an upgrade: with one of the tokens (-1: none), and a query. */
void fixture_append_head(struct buffer *to, const struct hub_fixture *fixture, int token,
	struct slice query);

/* The head of a request for a stream of events; "" is no id. */
void fixture_append_stream_head(struct buffer *to, const struct hub_fixture *fixture, int token,
	struct slice last_event_id);

/* A frame as a client sends it: final and masked. */
void fixture_append_frame(struct buffer *to, unsigned opcode, struct slice payload);
