/*
 * A tidings-stored of one's own, in a directory of its own. It is handed its
 * socket, as by systemd: requests wait there while it starts.
 */
#pragma once

#include "lib/config.h"

#include <sys/types.h>

struct instance;

/*
 * Makes the directory `name` below `parent`, and a configuration. No limit of
 * notifications a user is set, so that inboxes grow as large as one likes.
 * Returns 0 or -errno.
 */
int instance_new(const char *parent, const char *name, enum config_durability durability,
	struct instance **ret_instance);

/* The same; `more` is further text of the configuration, for the programs around the store. */
int instance_new_with(const char *parent, const char *name, enum config_durability durability,
	const char *more, struct instance **ret_instance);

/* Ends it and removes its directory. Returns NULL. */
struct instance *instance_free(struct instance *instance);

DEFINE_CLEANUP(struct instance *, instance_free)

/* Returns 0 or -errno as soon as the process is there; it may be starting still. */
int instance_start(struct instance *instance);

/* By SIGKILL; it is gone when this returns. */
void instance_kill(struct instance *instance);

const struct config *instance_config(const struct instance *instance);
const char *instance_config_path(const struct instance *instance);

/* Nanoseconds of processor time that the process has used, or -errno. */
int64_t instance_cpu_ns(const struct instance *instance);

/* Bytes of memory that the process has resident, or -errno. */
int64_t instance_resident(const struct instance *instance);
