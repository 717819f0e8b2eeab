/*
 * The benchmark of the store: a tidings-stored of its own, asked over its socket,
 * beside a reference that runs in turn with it. What counts is the ratio, since
 * machines are shared and noisy; nothing here passes or fails.
 */
#include "lib/log.h"
#include "lib/options.h"
#include "tests/bench/scratch.h"
#include "tests/bench/store_bench.h"
#include "tests/bench/suite.h"

#include <errno.h>

struct arguments {
	long seconds, inbox, users;
	bool json;
	struct option_list only;
};

static const struct option_spec options[] = {
	{ "seconds", 0, "N", "let each figure take so long (2); 0 is the least that gives one",
		OPTION_NUMBER, offsetof(struct arguments, seconds), 0, 3600 },
	{ "inbox", 0, "N", "notifications in the large inbox (1000000)", OPTION_NUMBER,
		offsetof(struct arguments, inbox), 1000, 1000000000 },
	{ "users", 0, "N", "users of the large store (1000000)", OPTION_NUMBER,
		offsetof(struct arguments, users), 1000, 99999999 },
	{ "only", 0, "NAME",
		"measure this alone: creates, growth, bulk, memory, broadcast, restart or stalls",
		OPTION_LIST, offsetof(struct arguments, only), 0, 0 },
	{ "json", 0, NULL, "print one JSON object for each figure, in place of a table",
		OPTION_FLAG, offsetof(struct arguments, json), 0, 0 },
	{ 0 },
};

static const struct command_spec command = {
	.name = "bench/store",
	.operands = "",
	.purpose = "Measures the store beside references that run in turn with it.",
	.options = options,
};

/* In the order in which they must run: what is bulky comes after growth, which needs the rows. */
static const struct suite_measurement measurements[] = {
	{ "creates", measure_creates },
	{ "growth", measure_growth },
	{ "bulk", measure_bulk },
	{ "memory", measure_memory },
	{ "broadcast", measure_broadcast },
	{ "restart", measure_restart },
	{ "stalls", measure_stalls },
	{ 0 },
};

static const struct suite suite = { .program = "bench/store", .measurements = measurements };

static int run(const struct arguments *arguments, const char *directory)
{
	struct bench bench = {
		.directory = directory,
		.seconds = arguments->seconds,
		.inbox = arguments->inbox,
		.users = arguments->users,
		.report = { .program = "store", .json = arguments->json },
	};
	int status = suite_run(&suite, &arguments->only, &bench);

	filled_free(bench.filled);
	return status;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .seconds = 2, .inbox = 1000000, .users = 1000000 };
	char directory[SCRATCH_PATH];
	int operands, status = 0;
	int r = options_parse(&command, argc, argv, &arguments, &operands);

	if (r != 0)
		return r == OPTIONS_HELP ? 0 : 2;
	r = suite_check(&suite, &arguments.only);
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
