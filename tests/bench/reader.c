/*
 * The plain FastCGI program, beside which notifications.fcgi is measured: it takes the same
 * requests, on the same skeleton and in as many processes, and gives every one an answer of
 * the same size, without looking at it.
 *
 *	reader WORKERS
 *
 * It is handed its socket as by systemd.
 */
#include "cgi/server.h"
#include "cgi/workers.h"
#include "lib/log.h"

#include <systemd/sd-daemon.h>

enum { BODY_MAX = 65536, WORKERS_MAX = 512 };

static size_t body_limit(void *context, const struct http_request *request)
{
	(void)context;
	(void)request;
	return BODY_MAX;
}

static void handle(void *context, const struct http_request *request, struct answer *answer)
{
	(void)context;
	answer->status = request->body_state == HTTP_BODY_WHOLE ? 201 : 400;
	buffer_append_string(&answer->body, "{\"notification\":");
	buffer_append_slice(&answer->body, request->body);
	buffer_append_string(&answer->body, "}\n");
}

static int work(void *context)
{
	static const struct server server = { .body_limit = body_limit, .handle = handle };

	(void)context;
	return server_accept(&server, SD_LISTEN_FDS_START) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int reload(void *context)
{
	(void)context;
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	struct workers workers = { .count = (unsigned)count, .work = work, .reload = reload };

	if (count < 1 || count > WORKERS_MAX || sd_listen_fds(1) != 1)
		return 2;
	log_open("reader", LOG_LEVEL_ERROR);
	workers_block_signals();
	return workers_run(&workers) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
