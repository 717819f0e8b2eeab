/* Kills programs at random instants, and starts them again at once. */
#pragma once

#include "tests/crash/programs.h"

enum victim {
	VICTIM_WORKER,
	VICTIM_WORKERS, /* some of them, or all */
	VICTIM_PARENT,
	VICTIM_STORED,
	VICTIM_STORED_AGAIN, /* twice, the second time while it starts */
	VICTIM_PUSHD,
	VICTIM_SEVERAL, /* any of all, at once */
	VICTIMS,
};

struct killer {
	struct programs *programs;
	int64_t interval; /* microseconds between two kills, on average */
	int64_t next;	  /* when the next is due */
	int64_t again;	  /* when tidings-stored is to be killed again; 0 = not */
	unsigned counts[VICTIMS];
	unsigned kills;		 /* processes, all together */
	unsigned while_starting; /* of tidings-stored, before it had come to serve */
};

void killer_set_up(struct killer *killer, struct programs *programs, int64_t interval);

/* When it is to act. */
int64_t killer_due(const struct killer *killer);

/* Kills what is due. Returns 0, or -errno: a program could not be started again. */
int killer_act(struct killer *killer);

/* Prints its counts. */
void killer_note(const struct killer *killer);
