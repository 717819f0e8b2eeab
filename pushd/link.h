/* The link to the store: an inbox driven by the daemon's event loop. */
#pragma once

#include "lib/inbox.h"

#include <systemd/sd-event.h>

struct link;

/* Whenever the store has greeted: the first time, and after each new connection. */
typedef void link_greeted(void *context, const struct inbox_greeting *greeting);

/* What is best done before answers are looked at. Returns 0 or -errno, which ends the loop. */
typedef int link_prepare(void *context);

/*
 * Connects now, and again whenever the connection breaks. Requests that were submitted
 * to the inbox go out when the event that caused them has been handled. Returns 0 or -errno.
 */
int link_new(sd_event *event, struct inbox *inbox, link_greeted *greeted, link_prepare *prepare,
	void *context, struct link **ret_link);

/* The inbox stays. Returns NULL. */
struct link *link_free(struct link *link);
