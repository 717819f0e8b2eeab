/*
 * Several clients of one hub, and what they hear, written short: "new SEQ UNREAD UNSEEN",
 * "update SEQ UNREAD UNSEEN OP,…", "reset …", "count …", the names of other types,
 * "close CODE REASON", of a stream of events "end CODE". For tests that print TAP.
 */
#pragma once

#include "tests/unit/hub_client.h"

enum { TALK_CLIENTS = 6 };

extern struct hub_fixture talk_fixture;
extern struct hub_client talk_clients[TALK_CLIENTS];

void talk_begin(void);

/* Whoever is still connected must know all. */
void talk_end(void);

/* One client connects: for one of the two users; or, from 2 on, with their other tokens. */
void talk_connect(size_t client, unsigned token, const char *query);

/* The same for a stream of events, with this Last-Event-ID: "" or EPOCH:SEQ. */
void talk_stream(size_t client, unsigned token, const char *last_event_id);

/* The store answers until it is asked nothing more. Returns how often it did. */
unsigned talk_answer(void);

/* Checks that the client has heard this since it was last asked, and nothing else. */
void talk_ok_heard(size_t client, const char *expected);

/* Forgets what the client has heard. */
void talk_forget_heard(size_t client);

/* The client connects, is answered, and hears this. */
void talk_join(size_t client, unsigned token, const char *expected);
