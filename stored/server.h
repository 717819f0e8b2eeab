/*
 * The server of the store's socket: accepts, gathers requests into batches, and
 * sends the answers when they may go.
 */
#pragma once

#include "lib/config.h"
#include "stored/store.h"

struct server;

/*
 * Serves the store until SIGTERM or SIGINT. `listen_fds` are listening unix
 * sockets, which the server takes over. config and store must outlive it.
 * Returns 0 or -errno.
 */
int server_new(const struct config *config, struct store *store, const int *listen_fds,
	size_t listen_count, struct server **ret_server);
struct server *server_free(struct server *server);

DEFINE_CLEANUP(struct server *, server_free)

/* What SIGHUP does; nothing before this is called. */
void server_on_hangup(struct server *server, void (*hangup)(void *context), void *context);

/* Runs the loop. Returns 0 after a clean stop: everything that was asked is answered; or -errno. */
int server_run(struct server *server);

/*
 * Makes a listening unix socket, which lets everybody connect (the server asks who it is),
 * taking the place of what an owner that was
 * killed has left. The caller must hold the store. Returns the descriptor or -errno.
 */
int server_listen(const char *path);
