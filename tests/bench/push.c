/*
 * The benchmark of the push daemon: a store and a tidings-pushd of its own, with thousands of
 * clients, beside references that run in turn with them. What counts is the ratio, since
 * machines are shared and noisy; nothing here passes or fails.
 */
#include "lib/log.h"
#include "lib/options.h"
#include "tests/bench/push_bench.h"
#include "tests/bench/scratch.h"

#include <errno.h>

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
	{ "only", 0, "NAME", "measure this alone: memory, accept, broadcast, latency, stalled, absent, "
		"start or http", OPTION_LIST, offsetof(struct arguments, only), 0, 0 },
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

static const struct {
	const char *name;
	measurement *run;
} measurements[] = {
	{ "memory", measure_memory },
	{ "accept", measure_accept },
	{ "broadcast", measure_broadcast },
	{ "latency", measure_latency },
	{ "stalled", measure_stalled },
	{ "absent", measure_absent },
	{ "start", measure_start },
	{ "http", measure_http },
};

static bool is_chosen(const struct arguments *arguments, const char *name)
{
	for (size_t i = 0; i < arguments->only.count; i++)
		if (strcmp(arguments->only.values[i], name) == 0)
			return true;
	return arguments->only.count == 0;
}

static bool is_measurement(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(measurements); i++)
		if (strcmp(measurements[i].name, name) == 0)
			return true;
	return false;
}

static int check_names(const struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->only.count; i++) {
		if (is_measurement(arguments->only.values[i]))
			continue;
		fprintf(stderr, "%s: nothing is called %s, see --help\n", command.name,
			arguments->only.values[i]);
		return 2;
	}
	return 0;
}

static int run(const struct arguments *arguments, const char *directory)
{
	struct bench bench = {
		.directory = directory,
		.seconds = arguments->seconds,
		.clients = (unsigned)arguments->clients,
		.report = { .program = "push", .json = arguments->json },
	};
	int r = service_write_key(directory);

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(measurements); i++) {
		if (!is_chosen(arguments, measurements[i].name))
			continue;
		r = measurements[i].run(&bench);
		if (r < 0)
			fprintf(stderr, "%s: %s: %s\n", command.name, measurements[i].name,
				strerror(-r));
	}
	heads_free(bench.heads);
	return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .seconds = 5, .clients = 10000 };
	char directory[SCRATCH_PATH];
	int operands, status = 0;
	int r = options_parse(&command, argc, argv, &arguments, &operands);

	if (r != 0)
		return r == OPTIONS_HELP ? 0 : 2;
	r = check_names(&arguments);
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
