/* Reading the configuration and its keys anew, while clients are served. */
#pragma once

#include "pushd/hub.h"

enum { RELOAD_REFUSED = 1 };

/*
 * Puts what the file says now in the place of *config and hub->verifier, and lets it hold for
 * all clients; what only another start can change stays as it is. Everything of note is
 * logged. Returns 0; or RELOAD_REFUSED: something is wrong, and nothing has changed. *config,
 * to which hub->config points, and hub->verifier are freed when they are replaced.
 */
int reload(struct hub *hub, const char *path, struct config **config);

/*
 * Lets the present configuration and keys hold for clients that came under others: whose key
 * is gone is closed, and everybody's times are set anew.
 */
void reload_apply(struct hub *hub);
