/*
 * A client of hub_fixture.h, which checks all that it is told: that `seq` goes up by one a
 * change but where an update tells of something else, and that the counts are those that
 * the change of this `seq` led to. What is wrong ends the program.
 */
#pragma once

#include "tests/unit/hub_fixture.h"

struct hub_client {
	int fd;	       /* -1 = none */
	bool paused;   /* reads nothing */
	bool upgraded; /* the head of the answer was taken off */
	bool events;   /* … and it began a stream of events */
	bool greeted;
	bool counted; /* the first unread_count has come: `applied` is what was applied last */
	bool closed;
	bool owed; /* the store's life has changed, and it was not told yet */
	unsigned
		lives; /* how often; it may be told once for several: nothing is certain meanwhile */
	bool spoken;   /* it has brought a token */
	bool wild;     /* it has sent what is not known here: nothing is checked */
	unsigned user;
	int64_t resumed; /* the `seq` that it said it has; -1 = none */
	char epoch;	 /* … and in which life of the store */
	struct counts applied;
	struct buffer input;
	struct buffer *
		heard; /* each message is appended, on a line, and how it was closed or ended;
			* NULL = none is kept */
};

/* The connection is made; nothing is sent yet. `heard` stays. */
void hub_client_connect(struct hub_client *client, struct hub_fixture *fixture);

/* Closes it. */
void hub_client_forget(struct hub_client *client);

/* Sends all of these bytes, while the hub reads. */
void hub_client_send(struct hub_client *client, struct hub_fixture *fixture, struct slice bytes);

/* Sends this text in a frame. */
void hub_client_say(struct hub_client *client, struct hub_fixture *fixture, struct slice text);

/* Reads and checks what has come; false if there was nothing. */
bool hub_client_read(struct hub_client *client, const struct hub_fixture *fixture);

/* Another life of the store begins. */
void hub_client_note_new_life(struct hub_client *client);

/* Nothing is under way any more: the client must know all, and have the store's counts. */
void hub_client_check_end(const struct hub_client *client, const struct hub_fixture *fixture);
