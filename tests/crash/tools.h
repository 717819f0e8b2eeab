/*
 * The administrator's tool, run now and then beside all else: "tidings send" and
 * "tidings list". Every other one is killed, at a random instant. What was to be
 * sent is sent again, with the same key, until the tool says that it was.
 */
#pragma once

#include "tests/crash/chance.h"
#include "tests/crash/ledger.h"

#include <sys/types.h>

enum { TOOLS = 2 /* at a time */ };

struct tool_run {
	pid_t pid;   /* 0 = does not run */
	bool wanted; /* what it is to do is not done */
	bool sends;
	unsigned user;
	uint32_t number; /* of what it sends */
	char key[KEY_SIZE];
	int output_fd;
	int64_t kill_at; /* 0 = not at all */
};

struct tools {
	const struct setting *setting;
	struct ledger *ledger;
	struct tool_run runs[TOOLS];
	int64_t next;
	bool ends; /* nothing new is begun */
	size_t started, killed, done;
	size_t failed; /* ended without success, as they may while the store is away */
	size_t wrong;  /* ended in any other way, or said what is not so */
};

void tools_set_up(struct tools *tools, const struct setting *setting, struct ledger *ledger);

/*
 * Starts and kills what is due. Returns when something else will be, at the latest
 * `until`; or -errno.
 */
int64_t tools_act(struct tools *tools, int64_t until);

/* A child has ended that may be one of them. */
void tools_ended(struct tools *tools, pid_t pid, int status);

/* Whether one runs, or must run again. */
bool tools_are_busy(const struct tools *tools);

/* Kills all that run. */
void tools_kill(struct tools *tools);
