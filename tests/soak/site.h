/* The installation that is soaked: its directory, configuration, tokens and programs. */
#pragma once

#include "lib/config.h"

#include <sys/types.h>

enum site_program { SITE_STORED, SITE_PUSHD, SITE_PROGRAMS };

struct site {
	char directory[48];
	char home[64];
	char config_file[64];
	char sockets[SITE_PROGRAMS][80]; /* paths */
	struct config *config;
	pid_t pids[SITE_PROGRAMS]; /* 0 = does not run */
};

extern const char *const site_names[SITE_PROGRAMS];

/* Makes all of it and starts the programs. Returns 0 or -errno; site_remove() is due in any case. */
int site_make(struct site *site);

/* A token of this user, valid for so many seconds, to be freed. Returns 0 or -errno. */
int site_token(const struct site *site, const char *user, int64_t seconds, char **ret_token);

/* SIGTERM. Returns whether it ended by itself, with success. */
bool site_stop(struct site *site, enum site_program which);

/* Whether the programs have complained of nothing; else their first lines are told. */
bool site_is_content(const struct site *site);

/* Whether "tidings check" finds no problem; of a store in use, or of the one that was stopped. */
bool site_is_whole(const struct site *site, bool in_use);

/* Kills what is left and removes everything. */
void site_remove(struct site *site);

/* What a process has: bytes of memory resident, and open descriptors. */
struct level {
	int64_t resident;
	int descriptors;
};

/* Returns 0 or -errno. */
int level_read(pid_t pid, struct level *ret_level);
