/*
 * Who is at the other end of a connection to a socket of ours, and which right such a one has.
 * The socket itself lets everybody connect; the kernel says who it is. What a right is for,
 * the program decides that has the socket.
 */
#pragma once

#include "lib/buffer.h"

#include <sys/types.h>

enum peer_right {
	PEER_NOTHING,
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
	uid_t *serve;
	size_t serve_count;
};

/*
 * Looks the groups up, and the users that serve ([store] api-users, ended by NULL). A user who
 * does not exist gets no right, and is added to the names in *unknown, for the program to log:
 * "a, b". Returns 0 or -ENOMEM; to release in either case.
 */
int peer_rules_init(struct peer_rules *rules, char *const *names, struct buffer *unknown);
void peer_rules_release(struct peer_rules *rules);

/* Asks the kernel who has connected. Returns 0 or -errno. */
int peer_identify(const struct peer_rules *rules, int fd, struct peer *ret_peer);
