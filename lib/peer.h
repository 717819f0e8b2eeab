/*
 * Who is at the other end of a connection to a socket of ours, and which right such a one has.
 * The socket itself lets everybody connect; the kernel says who it is. What a right is for,
 * the program decides that has the socket.
 */
#pragma once

#include "lib/config.h"

#include <sys/types.h>

/* Sets of bits, for a peer may have several. */
enum peer_right {
	PEER_NOTHING = 0,
	PEER_OBSERVE = 1, /* the group tidings-status: ask how things are */
	PEER_LOOK = 2,	  /* [away] user: see lists and who is connected */
	PEER_PUBLISH = 4, /* the group tidings-publish: create, for one, many or everybody */
	PEER_SERVE = 8 | PEER_OBSERVE | PEER_LOOK | PEER_PUBLISH, /* [store] api-users: all for REST */
	PEER_ALL = 16 | PEER_SERVE, /* root, the program's own user, the group tidings */
};

/* Whether who has this right may do what needs that one. */
static inline bool peer_may(enum peer_right right, enum peer_right needed)
{
	return (right & needed) == needed;
}

struct peer {
	uid_t uid;
	enum peer_right right;
};

/* The groups and users that rights are given to; looked up once. */
struct peer_rules {
	gid_t all, publish, observe; /* (gid_t)-1 = there is no such group */
	uid_t look;		     /* (uid_t)-1 = there is no such user */
	uid_t *serve;
	size_t serve_count;
};

/*
 * Looks up the groups, and the users that the configuration names. One of [store] api-users who
 * does not exist gets no right, and is added to the names in *unknown, for the program to log:
 * "a, b". Returns 0 or -ENOMEM; to release in either case.
 */
int peer_rules_init(struct peer_rules *rules, const struct config *config, struct buffer *unknown);
void peer_rules_release(struct peer_rules *rules);

/* Asks the kernel who has connected. Returns 0 or -errno. */
int peer_identify(const struct peer_rules *rules, int fd, struct peer *ret_peer);
