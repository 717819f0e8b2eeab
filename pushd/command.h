/*
 * What a client says once it has a session: one JSON object a message, section 3
 * of the contract. The table of types stands in command.c.
 */
#pragma once

#include "pushd/hub.h"

/* Does what a text message asks for. The session may be closed or dead afterwards. */
void command_run(struct hub *hub, struct session *session, struct slice text);

/*
 * Tells the client that so many of its requests were not answered; it does not know which of
 * them had an effect. For those that went out from another process.
 */
void command_disappoint(struct hub *hub, struct session *session, unsigned requests);

/* Makes a session speak for who the token names. Closes it if that cannot be. */
void command_authenticate(struct hub *hub, struct session *session,
	const struct principal *principal, uint64_t since, struct slice epoch);
