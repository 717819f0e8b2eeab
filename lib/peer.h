/*
 * Who is at the other end of a connection to a socket of ours, and which right such a one has.
 * The socket itself lets everybody connect; the kernel says who it is. What a right is for,
 * the program decides that has the socket.
 */
#pragma once

#include "lib/config.h"

#include <sys/types.h>

enum peer_right {
	PEER_NOTHING,
	PEER_LOOK,    /* [away] user: see lists and who is connected; no part of PEER_PUBLISH */
	PEER_PUBLISH, /* the group tidings-publish: create, for one, many or everybody */
	PEER_SERVE,   /* [store] api-users: what the REST programs need */
	PEER_ALL,     /* root, the program's own user, the group tidings */
};

struct peer {
	uid_t uid;
	enum peer_right right;
};

/* The groups and users that rights are given to; looked up once. */
struct peer_rules {
	gid_t all, publish; /* (gid_t)-1 = there is no such group */
	uid_t look;	    /* (uid_t)-1 = there is no such user */
	uid_t *serve;
	size_t serve_count;
};

/* Whether who has one right may do what needs another: each is a part of those after it. */
static inline bool peer_may(enum peer_right has, enum peer_right needed)
{
	return has >= needed && !(has == PEER_PUBLISH && needed == PEER_LOOK);
}

/*
 * Looks up the groups, and the users that the configuration names. One of [store] api-users who
 * does not exist gets no right, and is added to the names in *unknown, for the program to log:
 * "a, b". Returns 0 or -ENOMEM; to release in either case.
 */
int peer_rules_init(struct peer_rules *rules, const struct config *config, struct buffer *unknown);
void peer_rules_release(struct peer_rules *rules);

/* Asks the kernel who has connected. Returns 0 or -errno. */
int peer_identify(const struct peer_rules *rules, int fd, struct peer *ret_peer);
