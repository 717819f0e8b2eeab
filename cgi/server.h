/*
 * Requests in, answers out: by FastCGI from a listening socket, or one by plain
 * CGI. This is the only module that knows libfcgi.
 */
#pragma once

#include "cgi/answer.h"
#include "cgi/http.h"

#include <stddef.h>

struct server {
	/*
	 * How many bytes the body of this request may have; asked before it is read. A
	 * larger one is HTTP_BODY_TOO_LARGE.
	 */
	size_t (*body_limit)(void *context, const struct http_request *request);

	/* Makes the answer to a request; whatever it leaves in *answer is released later. */
	void (*handle)(void *context, const struct http_request *request, struct answer *answer);

	/*
	 * What to do beside requests; NULL = nothing. Called before each wait for one: returns how
	 * many milliseconds to wait before it is called again, -1 = until there is a request.
	 */
	int (*tick)(void *context);
	void *context;
};

/*
 * Answers requests, one at a time, until one of SIGTERM, SIGINT or SIGHUP comes,
 * which must be blocked: the request at hand is finished first. Returns the
 * signal's number, or -errno if the socket cannot be used. Makes the socket
 * non-blocking.
 */
int server_accept(const struct server *server, int listen_fd);

/*
 * Answers the one request of a CGI process: meta-variables from the environment,
 * body from standard input, answer to standard output. Returns 0 or -errno.
 */
int server_answer_cgi(const struct server *server, char *const *environment);
