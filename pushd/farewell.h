/* The end of the daemon, as its clients are told of it. */
#pragma once

#include "pushd/hub.h"

/*
 * Tells every client to go, and when to come back: spread, so that those who then serve them
 * are not asked for everything at once. Who has no session yet is just disconnected.
 */
void farewell_to_all(struct hub *hub);
