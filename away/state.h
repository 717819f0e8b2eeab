/*
 * The state directory: what tidings-away remembers, in one file that only grows until it is
 * written anew. What is saved is on the disk when state_save() returns.
 */
#pragma once

#include "away/agenda.h"

struct state;

/* How far the log was read, see record.h. file 0: not at all. */
struct progress {
	uint32_t file;
	struct uuid seen;
	bool changed; /* since it was saved */
};

/*
 * Takes the directory for this process, and reads what is remembered; `dropped` are the bytes
 * at the end that could not be understood. Returns 0 or -errno: -EBUSY (another process has
 * it), -EPROTONOSUPPORT (the file is of another version).
 */
int state_open(const char *path, struct agenda *agenda, struct progress *progress,
	struct state **ret_state, size_t *ret_dropped);

/* Returns NULL. */
struct state *state_close(struct state *state);

DEFINE_CLEANUP(struct state *, state_close)

/*
 * Saves what has changed. Returns 0 or -errno, and then nothing counts as saved; the next
 * call tries again.
 */
int state_save(struct state *state, struct agenda *agenda, struct progress *progress);
