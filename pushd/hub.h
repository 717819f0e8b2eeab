/*
 * What the parts of the daemon share: the one object behind all sessions.
 *
 *	server		sockets and time
 *	conversation	what a client says, and what it may say in which state
 *	delivery	from changes to messages, and from the store's answers
 *
 * All of it runs in one thread.
 */
#pragma once

#include "lib/config.h"
#include "lib/inbox.h"
#include "lib/token.h"
#include "pushd/broadcasts.h"
#include "pushd/clients.h"
#include "pushd/feed.h"
#include "pushd/message.h"
#include "pushd/newcomers.h"
#include "pushd/notices.h"
#include "pushd/refusals.h"
#include "pushd/registry.h"
#include "pushd/statistics.h"

/* A walk over all sessions in search of those whose users the store must be asked about. */
struct catchup_round {
	unsigned questions; /* under way, of whatever cause */
	size_t at;	    /* how far it has come … */
	bool walking;	    /* … if it is not at its end … */
	bool again;	    /* … and then begins once more */
};

struct hub {
	const struct config *config;
	struct token_verifier *verifier;
	struct inbox *inbox;
	/* The life of the store that clients are told of; "" = none yet */
	char epoch[sizeof(((struct inbox_greeting *)0)->epoch)];
	struct feed *feed;
	struct clients clients;
	struct newcomers newcomers; /* that are not authenticated yet */
	struct newcomers leavers;   /* whose last word is on its way */
	int clients_fd;		 /* the epoll set that their sockets are in */
	struct registry registry;
	struct broadcasts broadcasts;
	struct catchup_round round;
	struct session *dead;	 /* to be freed when the round ends */
	struct message message;	 /* the one that is being written */
	struct buffer bytes;	 /* the same, of what is no message */
	struct buffer latest;	 /* the JSON of a list's notifications */
	uint32_t now;		 /* seconds of the loop's clock, which never jumps */
	int64_t wall;		 /* seconds since the epoch */
	unsigned live;		 /* sessions that speak for a user */
	unsigned errands;	 /* requests of clients that the store has not answered */
	unsigned users;		 /* whom they speak for */
	size_t descriptors;	 /* that the system lets the process have; 0 = not known */
	struct statistics statistics;
	struct refusals refusals; /* since this process began */
};

/* Reads the time into the hub, at the beginning of what an event causes. */
void hub_read_clock(struct hub *hub);

/*
 * Watches a new session's socket, and only while something is queued for room in it:
 * each frame that leaves would be an event otherwise. Returns 0 or -errno.
 */
int hub_watch(struct hub *hub, struct session *session);

/*
 * Has what is left to be read in a session's socket told once more: by then all others that
 * wait have had their turn.
 */
void hub_read_later(struct hub *hub, struct session *session);

/* There is room in the socket: sends what is queued. */
void hub_flush(struct hub *hub, struct session *session);

/* Ends a session at once. It is freed by hub_bury(), so callers may still look at it. */
void hub_kill(struct hub *hub, struct session *session);

/*
 * Frees the dead. Those to whom the store still owes an answer are marked as buried: the last
 * answer frees them.
 */
void hub_bury(struct hub *hub);

/*
 * Sends hub->message to a session, in the form that its connection has, killing it if the
 * connection is over. Returns 0, or SESSION_FULL: nothing was sent.
 */
int hub_tell(struct hub *hub, struct session *session);

/*
 * Send what must not be dropped: hub->message where it is an answer; a control frame or a
 * part of HTTP. A client whose queue has no room even for that is killed.
 */
void hub_tell_surely(struct hub *hub, struct session *session);
void hub_send_control(struct hub *hub, struct session *session, struct slice bytes);

/*
 * What a client gets at its beginning comes in several pieces, from several rounds of the
 * loop: between these two they are gathered, as far as they are few, and leave in one send().
 * A call of the kernel for each would be most of what a new client costs.
 */
void hub_cork(struct session *session);
void hub_uncork(struct hub *hub, struct session *session);

/*
 * Lets the client no further, and tells it why: by a close frame; or, on a stream of events,
 * by an "error" with what belongs to that code.
 * It stays, among the leavers, until it has closed its side, or for a few seconds.
 */
void hub_close(struct hub *hub, struct session *session, uint16_t code, const char *reason);

/* Tells the client that its token is not accepted, and closes. */
void hub_refuse_token(struct hub *hub, struct session *session, enum token_error error);

/* Keeps in mind that a user was turned away, for a word that lives for ever. */
void hub_note_refusal(struct hub *hub, struct slice user, const char *code);

/*
 * Nothing more will be sent: tells the client so, who then need not wait for us to close the
 * socket. To be called after a failure of the protocol, of which the client's own close frame is
 * not read any more.
 */
void hub_finish(struct session *session);

/*
 * Sends the HTTP answer to a request that is no session. The client becomes a leaver, too:
 * closing its socket at once could take the answer back.
 */
void hub_refuse(struct hub *hub, struct session *session, struct slice answer);

/* Close codes of our own: section 3 of the contract. */
enum close_code {
	CLOSE_UNAUTHENTICATED = 4401,
	CLOSE_FORBIDDEN = 4403,
	CLOSE_TIMEOUT = 4408,
	CLOSE_TOO_MANY_CONNECTIONS = 4409,
	CLOSE_TOO_MANY_MESSAGES = 4429,
};
