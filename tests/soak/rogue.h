/*
 * A client that misbehaves: it sends what is no HTTP, no WebSocket, no JSON or no token, says
 * nothing, says too much, or reads nothing. Then it waits for the end, or vanishes. Whatever
 * it does is its own loss: that is seen at the others.
 */
#pragma once

#include "tests/soak/soak.h"
#include "tests/soak/wire.h"

struct rogue {
	struct watched watched; /* must be first */
	struct soak *soak;
	struct wire wire;
	unsigned kind;
	bool done;    /* what it came for */
	int64_t next; /* when it comes or goes; microseconds */
};

void rogue_init(struct rogue *rogue, struct soak *soak);
void rogue_release(struct rogue *rogue);

/* Does what is due. Returns 0 or -errno. */
int rogue_act(struct rogue *rogue, int64_t now);
