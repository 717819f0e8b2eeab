/*
 * Who is at the other end of a connection to the store's socket, and what such a one may
 * ask. The socket itself lets everybody connect; the kernel says who it is.
 */
#pragma once

#include "lib/config.h"
#include "lib/inbox.h"

#include <sys/types.h>

enum peer_right {
	PEER_NOTHING,
	PEER_PUBLISH, /* the group tidings-publish: create, for one, many or everybody */
	PEER_SERVE,   /* [store] api-users: what the REST programs need */
	PEER_ALL,     /* root, the store's own user, the group tidings */
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
 * Looks the names up. One that does not exist gives no right, which is logged if the
 * configuration names it. Returns 0 or -ENOMEM.
 */
int peer_rules_init(struct peer_rules *rules, const struct config *config);
void peer_rules_release(struct peer_rules *rules);

/* Asks the kernel who has connected. Returns 0 or -errno. */
int peer_identify(const struct peer_rules *rules, int fd, struct peer *ret_peer);

bool peer_may(enum peer_right right, enum inbox_operation operation);
