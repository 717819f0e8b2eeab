/*
 * The ways to be started:
 *
 *	by systemd		LISTEN_FDS names one socket: workers are forked
 *	with --listen		the same, on a socket made here
 *	by a web server		standard input is a listening socket (FastCGI): one
 *				worker, this process, for the web server starts several
 *	by a web server		REQUEST_METHOD is set (plain CGI): one request
 */
#include "cgi/program.h"

#include "cgi/endpoint.h"
#include "cgi/server.h"
#include "cgi/workers.h"
#include "lib/journal.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/startup.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

extern char **environ;

enum { WORKERS_MAX = 512, EXIT_WRONG_USAGE = 2 };

struct arguments {
	const char *config;
	const char *listen;
	const char *log_level;
	long workers; /* 0 = not given */
};

static const struct option_spec options[] = {
	{ "config", 'c', "FILE", "read this configuration file", OPTION_STRING,
		offsetof(struct arguments, config), 0, 0 },
	{ "listen", 'l', "ADDRESS", "listen at a /PATH or [ADDRESS:]PORT", OPTION_STRING,
		offsetof(struct arguments, listen), 0, 0 },
	{ "log-level", 0, "LEVEL", "log up to error, warning, info (default) or debug",
		OPTION_STRING, offsetof(struct arguments, log_level), 0, 0 },
	{ "workers", 'w', "N", "run so many processes, whatever the file says", OPTION_NUMBER,
		offsetof(struct arguments, workers), 1, WORKERS_MAX },
	{ 0 },
};

struct running {
	const struct program *program;
	const struct arguments *arguments;
	struct application *application;
	int listen_fd;
};

static size_t body_limit(void *context, const struct http_request *request)
{
	const struct running *running = context;

	return route_body_limit(running->program->routes, running->application, request);
}

static void handle(void *context, const struct http_request *request, struct answer *answer)
{
	const struct running *running = context;

	route_answer(running->program->routes, running->application, request, answer);
}

static int tick(void *context)
{
	const struct running *running = context;

	return running->program->tick(running->application);
}

static struct server server_of(struct running *running)
{
	return (struct server){
		.body_limit = body_limit,
		.handle = handle,
		.tick = running->program->tick ? tick : NULL,
		.context = running,
	};
}

static int load(struct running *running, struct application **ret_application)
{
	const struct program *program = running->program;
	int r = application_load(running->arguments->config, program->keys_needed,
		ret_application);

	if (r == 0)
		(*ret_application)->path = program->path((*ret_application)->config);
	return r;
}

/* Answers requests until a signal; its number or -errno. */
static int serve(struct running *running)
{
	struct server server = server_of(running);
	int r = application_connect(running->application);

	if (r == 0)
		r = server_accept(&server, running->listen_fd);
	if (r < 0)
		log_error("cannot accept requests: %s", strerror(-r));
	return r;
}

static int work(void *context)
{
	return serve(context) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int reload(void *context)
{
	struct running *running = context;
	struct application *fresh;
	int r = load(running, &fresh);

	if (r < 0)
		return r;
	fresh->memory = running->program->memory;
	startup_follow_level(running->application->config, fresh->config);
	application_free(running->application);
	running->application = fresh;
	return 0;
}

/* One worker, without a parent: what SIGHUP means it does itself. */
static int run_single(struct running *running)
{
	for (;;) {
		int r = serve(running);

		if (r != SIGHUP)
			return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
		reload(running);
	}
}

static int run_workers(struct running *running)
{
	unsigned asked = (unsigned)running->arguments->workers;
	unsigned usual = running->program->workers;
	struct workers workers = {
		.count = asked   ? asked
			 : usual ? usual
				 : running->application->config->web.workers,
		.work = work,
		.reload = reload,
		.context = running,
	};
	int r = workers_run(&workers);

	if (r < 0)
		log_error("cannot start workers: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static size_t no_body(void *context, const struct http_request *request)
{
	(void)context;
	(void)request;
	return 0;
}

/* A web server that asks while the configuration is wrong gets an answer, not a dead script. */
static void handle_misconfigured(void *context, const struct http_request *request,
	struct answer *answer)
{
	(void)context;
	(void)request;
	answer_refuse(answer, 503, "The service is not configured correctly; its log says why");
}

static int run_cgi(struct running *running)
{
	struct server misconfigured = { .body_limit = no_body, .handle = handle_misconfigured };
	struct server server;
	int r = load(running, &running->application);

	if (r == 0) {
		startup_set_level(running->arguments->log_level, running->application->config);
		r = application_connect(running->application);
	}
	if (r < 0) {
		server_answer_cgi(&misconfigured, environ);
		return EXIT_FAILURE;
	}
	server = server_of(running);
	return server_answer_cgi(&server, environ) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Runs on running->listen_fd, which somebody gave. */
static int run_fastcgi(struct running *running, bool single)
{
	if (load(running, &running->application) < 0)
		return EXIT_FAILURE;
	running->application->memory = running->program->memory;
	startup_set_level(running->arguments->log_level, running->application->config);
	workers_block_signals();
	return single ? run_single(running) : run_workers(running);
}

static int run_listening(struct running *running)
{
	const char *address = running->arguments->listen;
	struct endpoint endpoint;
	int r = endpoint_parse(address, &endpoint);
	int status;

	if (r < 0) {
		log_error("--listen %s: not a /PATH, PORT or ADDRESS:PORT", address);
		return EXIT_WRONG_USAGE;
	}
	r = endpoint_listen(&endpoint, &running->listen_fd);
	if (r < 0) {
		log_error("%s: %s", address, strerror(-r));
		return EXIT_FAILURE;
	}
	status = run_fastcgi(running, false);
	endpoint_remove(&endpoint);
	return status;
}

static int run_activated(struct running *running, int sockets)
{
	if (sockets != 1) {
		log_error("systemd must hand over one socket, not %d", sockets);
		return EXIT_FAILURE;
	}
	running->listen_fd = SD_LISTEN_FDS_START;
	return run_fastcgi(running, false);
}

static int run(struct running *running)
{
	int sockets = sd_listen_fds(1);

	if (running->arguments->listen)
		return run_listening(running);
	if (sockets > 0)
		return run_activated(running, sockets);
	if (sd_is_socket(STDIN_FILENO, AF_UNSPEC, SOCK_STREAM, 1) > 0)
		return run_fastcgi(running, running->arguments->workers == 0);
	if (getenv("REQUEST_METHOD"))
		return run_cgi(running);
	log_error("not started by a web server or by systemd: say where to --listen");
	return EXIT_WRONG_USAGE;
}

int program_run(const struct program *program, int argc, char **argv)
{
	const struct command_spec command = {
		.name = program->name,
		.operands = "",
		.purpose = program->purpose,
		.options = options,
	};
	struct arguments arguments = { 0 };
	struct running running = { .program = program,
		.arguments = &arguments,
		.listen_fd = STDIN_FILENO };
	enum log_level level = LOG_LEVEL_INFO;
	int operands, status;

	log_open(program->name, level);
	journal_open();
	/* A CGI program's arguments are the query, made by whoever asks (RFC 3875, 4.4) */
	if (getenv("GATEWAY_INTERFACE"))
		argc = 1;
	switch (options_parse(&command, argc, argv, &arguments, &operands)) {
	case 0:
		break;
	case OPTIONS_HELP:
		return EXIT_SUCCESS;
	default:
		return EXIT_WRONG_USAGE;
	}
	if (arguments.log_level && log_level_parse(arguments.log_level, &level) < 0) {
		log_error("--log-level: %s is not a level", arguments.log_level);
		return EXIT_WRONG_USAGE;
	}
	log_set_level(level);
	status = run(&running);
	application_free(running.application);
	return status;
}
