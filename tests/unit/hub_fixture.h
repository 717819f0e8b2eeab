/*
 * For tests of the push daemon without its server: a hub whose clients are the ends of
 * socket pairs, and whose store is a model in memory in the place of lib/inbox.c.
 *
 * The model keeps two users, "a" and "b". What it is asked waits until the test has it
 * computed, as of that moment, and later delivered: so that changes, ends of clients and time
 * can come in between. A change reaches the hub at once, as from the feed.
 *
 * All of it ends the test program when something fails that must not.
 */
#pragma once

#include "pushd/hub.h"

enum { FIXTURE_WALL = 1800000000, FIXTURE_LIFE = 1000 /* seconds of a token */ };

struct hub_fixture {
	struct hub hub;
	struct config *config;
	char *tokens[2]; /* of the users */
};

/* Keys and configuration are made once for all hubs of the program. */
void fixture_begin(struct hub_fixture *fixture);

/* Ends all as the server does. */
void fixture_end(struct hub_fixture *fixture);

/* The server's end of a new connection joins the hub; returns the client's, which never blocks. */
int fixture_connect(struct hub_fixture *fixture);

/* Handles what has come from the clients, until there is nothing. */
void fixture_run(struct hub_fixture *fixture);

/* Lets time pass, and does what is due. */
void fixture_pass(struct hub_fixture *fixture, uint32_t seconds);

/* Something changes for user 0 or 1. */
void fixture_change(struct hub_fixture *fixture, unsigned user, enum change_kind kind);

/* The counts of that user. */
struct counts fixture_counts(const struct hub_fixture *fixture, unsigned user);

/* Another life of the store: its new name is the next digit. */
void fixture_new_epoch(struct hub_fixture *fixture);
const char *fixture_epoch(const struct hub_fixture *fixture);

/* How many requests wait for their answer. */
size_t fixture_waiting(const struct hub_fixture *fixture);

/* Computes the answers to all that was asked. */
void fixture_compute(struct hub_fixture *fixture);

/* Delivers the answer to the first request: its own if `result` is 0, else this failure. */
void fixture_deliver(struct hub_fixture *fixture, int result);

/* The head of an upgrade: with a token of that user (-1: none), and a query. */
void fixture_append_head(struct buffer *to, const struct hub_fixture *fixture, int user,
	struct slice query);

/* A frame as a client sends it: final and masked. */
void fixture_append_frame(struct buffer *to, unsigned opcode, struct slice payload);
