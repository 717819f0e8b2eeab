/*
 * The web server of a service: lighttpd with notifications.fcgi behind it, and beside that
 * the program that only reads its requests (reader.c), each at a path of its own.
 */
#pragma once

#include "tests/bench/publisher.h"
#include "tests/bench/service.h"

#define WEB_API	   "/api/notifications/"
#define WEB_READER "/reader/"

struct web {
	pid_t api, reader, server; /* 0 = does not run */
	struct sockaddr_in address;
	char *token; /* of a publisher */
};

/* Whether there is a lighttpd on this machine. */
bool web_is_possible(void);

/*
 * Starts them, for the service of that directory. Requests wait until they are ready. Returns
 * 0, or -errno: web_release() all the same.
 */
int web_begin(struct web *web, const struct service *service, const char *parent);

/* Ends them. A zeroed struct has none. */
void web_release(struct web *web);
