/*
 * The benchmark of the push daemon: a store and a tidings-pushd of its own, with thousands of
 * clients, beside references that run in turn with them. What counts is the ratio, since
 * machines are shared and noisy; nothing here passes or fails.
 */
#include "lib/log.h"
#include "lib/options.h"
#include "tests/bench/push_bench.h"
#include "tests/bench/scratch.h"
#include "tests/bench/suite.h"

#include <errno.h>
#include <sys/resource.h>

enum { DESCRIPTORS_BESIDE = 100 /* those of the clients */ };

struct arguments {
	long seconds, clients;
	bool json;
	struct option_list only;
};

static const struct option_spec options[] = {
	{ "clients", 0, "N", "connect so many (10000); each is a descriptor of the push daemon",
		OPTION_NUMBER, offsetof(struct arguments, clients), 20, 900000 },
	{ "seconds", 0, "N", "measure each latency for so long (5); 0 is the least of everything",
		OPTION_NUMBER, offsetof(struct arguments, seconds), 0, 3600 },
	{ "only", 0, "NAME",
		"measure this alone: memory, accept, broadcast, latency, stalled, absent, start or http",
		OPTION_LIST, offsetof(struct arguments, only), 0, 0 },
	{ "json", 0, NULL, "print one JSON object for each figure, in place of a table",
		OPTION_FLAG, offsetof(struct arguments, json), 0, 0 },
	{ 0 },
};

static const struct command_spec command = {
	.name = "bench/push",
	.operands = "",
	.purpose = "Measures the push daemon beside references that run in turn with it.",
	.options = options,
};

static const struct suite_measurement measurements[] = {
	{ "memory", measure_memory },
	{ "accept", measure_accept },
	{ "broadcast", measure_broadcast },
	{ "latency", measure_latency },
	{ "stalled", measure_stalled },
	{ "absent", measure_absent },
	{ "start", measure_start },
	{ "http", measure_http },
	{ 0 },
};

static const struct suite suite = { .program = "bench/push", .measurements = measurements };

/* The push daemon, and the plain server beside it, have a descriptor for each client. */
static int check_descriptors(long clients)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
		limit.rlim_max >= (rlim_t)clients + DESCRIPTORS_BESIDE)
		return 0;
	fprintf(stderr,
		"%s: a process may have %llu descriptors (ulimit -Hn), too few for %ld clients\n",
		command.name, (unsigned long long)limit.rlim_max, clients);
	return 1;
}

static int run(const struct arguments *arguments, const char *directory)
{
	struct bench bench = {
		.directory = directory,
		.seconds = arguments->seconds,
		.clients = (unsigned)arguments->clients,
		.report = { .program = "push", .json = arguments->json },
	};
	int r = service_write_key(directory), status;

	if (r < 0) {
		fprintf(stderr, "%s: %s: %s\n", command.name, directory, strerror(-r));
		return 1;
	}
	status = suite_run(&suite, &arguments->only, &bench);
	heads_free(bench.heads);
	return status;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .seconds = 5, .clients = 10000 };
	char directory[SCRATCH_PATH];
	int operands, status = 0;
	int r = options_parse(&command, argc, argv, &arguments, &operands);

	if (r != 0)
		return r == OPTIONS_HELP ? 0 : 2;
	r = suite_check(&suite, &arguments.only);
	if (r == 0)
		r = check_descriptors(arguments.clients);
	if (r != 0)
		return r;
	log_open(command.name, LOG_LEVEL_ERROR);
	r = scratch_begin("bench", directory, &status);
	if (r == SCRATCH_OVER)
		return status;
	if (r == 0)
		return run(&arguments, directory);
	fprintf(stderr, "%s: cannot make a directory or a process: %s\n", command.name,
		strerror(-r));
	return 1;
}
