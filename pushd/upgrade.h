/*
 * The upgrade in place: on SIGUSR2 the program that is at this one's path by then takes its
 * place in the same process, with all clients. Before that it has to show, beside this one
 * and with all that this one knows, that it can; if it does not, this one goes on.
 */
#pragma once

#include "pushd/handover.h"
#include "pushd/program.h"

#include <systemd/sd-event.h>

/* The options by which the new program is told. Each names a descriptor with the state. */
#define UPGRADE_CHECK	  "check-state"
#define UPGRADE_TAKE_OVER "take-over"

struct upgrade;

/* What the server does for an upgrade. */
struct upgrade_server {
	void *context;
	/* Reads the feed to its end, and says what is handed over beside the hub: 0 or -errno. */
	int (*describe)(void *context, struct handover *ret_handover);
	/* Lets clients wait, or goes on: 0 or -errno. */
	int (*pause)(void *context, bool paused);
};

/*
 * Waits for SIGUSR2, which must not end the process before. All that is given must outlive
 * it. Returns 0 or -errno.
 */
int upgrade_new(sd_event *event, struct hub *hub, const struct program *program,
	const struct upgrade_server *server, struct upgrade **ret_upgrade);

/* Ends a check that is under way. Returns NULL. */
struct upgrade *upgrade_free(struct upgrade *upgrade);

/*
 * The other side: whether an empty hub can go on from a state; and going on from it. Both log
 * why not. state_fd is closed. Return 0 or -errno.
 */
int upgrade_check(struct hub *hub, int state_fd);
int upgrade_take_over(struct hub *hub, int state_fd, struct handover *ret_handover);

/* Milliseconds since the clients were let wait. */
unsigned upgrade_paused_for(const struct handover *handover);
