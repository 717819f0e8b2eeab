/* Telling clients to go, see farewell.h. */
#include "pushd/farewell.h"

#include <sys/random.h>

enum {
	RETURN_SPREAD_MS = 5,  /* between two clients that come back, on average … */
	RETURN_MAX_MS = 30000, /* … but after no more than this */
};

void farewell_to_all(struct hub *hub)
{
	uint64_t spread = (uint64_t)hub->clients.count * RETURN_SPREAD_MS;
	struct session *session;
	uint32_t random = 0;
	char reason[16];
	size_t at = 0;

	spread = spread < 1000 ? 1000 : spread > RETURN_MAX_MS ? RETURN_MAX_MS : spread;
	while ((session = clients_next(&hub->clients, &at))) {
		if (session->state == SESSION_HEAD || session->state == SESSION_REFUSED) {
			hub_kill(hub, session);
			continue;
		}
		if (getrandom(&random, sizeof(random), 0) < 0)
			random = (uint32_t)session->fd * 2654435761U;
		snprintf(reason, sizeof(reason), "%u", (unsigned)(random % spread));
		hub_close(hub, session, WEBSOCKET_GOING_AWAY, reason);
	}
}
