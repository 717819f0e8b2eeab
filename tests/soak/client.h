/*
 * A client as a browser's page has it. It applies the rules of the contract, and holds the push
 * daemon to them: no change is missing, the counts are those that everybody else is told.
 *
 * It comes by each of the ways in which a token may, stays for a while, reads slowly at times,
 * asks for this and that, renews its token, and goes: politely, without a word, or by silence.
 * When it comes back it says where it left off.
 */
#pragma once

#include "tests/soak/soak.h"
#include "tests/soak/wire.h"

struct client {
	struct watched watched; /* must be first */
	struct soak *soak;
	struct wire wire;
	unsigned user;
	char *token;
	int64_t next;	      /* when it does something; microseconds */
	int64_t leaves;	      /* when it goes */
	bool wants_auth;      /* its first message is to bring the token */
	bool connected;	      /* it was told so */
	bool placed;	      /* `counts` are as of a change */
	bool stalled;	      /* it reads nothing */
	struct counts counts; /* that it holds */
};

/* Begins as one who was never there. Returns 0 or -errno. */
int client_init(struct client *client, struct soak *soak, unsigned user);
void client_release(struct client *client);

/* Does what is due. Returns 0 or -errno. */
int client_act(struct client *client, int64_t now);

/* Reads again, however slow it was; to be called when all become calm. */
void client_settle(struct client *client);

/* Whether it is there, and holds what the store has for its user. */
bool client_is_there(const struct client *client);
bool client_is_level(const struct client *client);

/* By how many changes it is behind what others were told, though it reads. */
uint64_t client_lag(const struct client *client);
