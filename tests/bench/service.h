/*
 * A store and a push daemon of one's own. The push daemon is handed its socket, as by systemd:
 * clients wait there while it starts.
 */
#pragma once

#include "lib/slice.h"
#include "tests/bench/instance.h"

#include <netinet/in.h>

struct service {
	struct instance *store;
	struct sockaddr_in address; /* where the push daemon listens */
	int listen_fd;
	pid_t pushd; /* 0 = it does not run */
};

/* The key of tokens, which all services of a directory share. Returns 0 or -errno. */
int service_write_key(const char *directory);

/*
 * Starts a store in the directory `name` below `parent`; the push daemon is to be started.
 * Returns 0, or -errno: service_release() all the same.
 */
int service_begin(struct service *service, const char *parent, const char *name,
	enum config_durability durability);

/* Returns 0 or -errno as soon as the process is there; it may be starting still. */
int service_start_pushd(struct service *service);

/* Waits until a client that comes with this request head is let in. Returns 0 or -errno. */
int service_await_pushd(const struct service *service, struct slice head);

/* By SIGKILL. */
void service_kill_pushd(struct service *service);

/* Ends both. A zeroed struct has none. */
void service_release(struct service *service);
