/*
 * Command lines: each kind of option in each way of writing it, what is refused
 * and how that is said, and the help text's layout.
 */
#include "lib/buffer.h"
#include "lib/options.h"
#include "tests/tap.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	bool quiet, all;
	const char *config;
	long count;
	struct option_list headers;
};

static const struct option_spec options[] = {
	{ "quiet", 'q', NULL, "say nothing", OPTION_FLAG, offsetof(struct arguments, quiet), 0, 0 },
	{ "all", 'a', NULL, "take all", OPTION_FLAG, offsetof(struct arguments, all), 0, 0 },
	{ "config", 'c', "FILE", "read this file", OPTION_STRING,
		offsetof(struct arguments, config), 0, 0 },
	{ "count", 0, "N", "so many", OPTION_NUMBER, offsetof(struct arguments, count), -5, 100 },
	{ "header", 'H', "TEXT", "add a header", OPTION_LIST, offsetof(struct arguments, headers),
		0, 0 },
	{ 0 },
};

static const struct command_spec command = {
	.name = "tidings try",
	.operands = "FROM [TO]",
	.purpose = "Try something.",
	.options = options,
	.min_operands = 1,
	.max_operands = 2,
};

enum { ARGUMENTS_MAX = 32 };

/* One run of the parser, with what it printed. */
struct run {
	struct arguments arguments;
	char *line; /* what argv points into */
	char *argv[ARGUMENTS_MAX];
	int result;
	int operands;
	char *out, *err;
};

static void run_release(struct run *run)
{
	free(run->line);
	free(run->out);
	free(run->err);
}

/* Splits at spaces; "_" stands for an empty argument. */
static int split(struct run *run, const char *line)
{
	static char program[] = "program";
	int argc = 0;

	run->line = strdup(line);
	run->argv[argc++] = program;
	for (char *word = strtok(run->line, " "); word; word = strtok(NULL, " ")) {
		if (strcmp(word, "_") == 0)
			*word = '\0';
		run->argv[argc++] = word;
	}
	return argc;
}

static struct run try(const struct command_spec *spec, const char *line)
{
	struct run run = { .operands = -1, .arguments = { .count = 7 } };
	FILE *saved_out = stdout, *saved_err = stderr;
	size_t out_size, err_size;
	int argc;

	argc = split(&run, line);
	stdout = open_memstream(&run.out, &out_size);
	stderr = open_memstream(&run.err, &err_size);
	run.result = options_parse(spec, argc, run.argv, &run.arguments, &run.operands);
	fclose(stdout);
	fclose(stderr);
	stdout = saved_out;
	stderr = saved_err;
	return run;
}

/* Accepted, without a word, with these operands (joined by spaces). */
static struct run accepts(const char *line, const char *operands)
{
	struct run run = try(&command, line);
	_cleanup_(buffer_release) struct buffer seen = { 0 };

	ok_int_equal(run.result, 0, "%s: accepted", line);
	for (int i = 1; i <= run.operands; i++)
		buffer_print(&seen, "%s%s", i > 1 ? " " : "", run.argv[i]);
	ok_string_equal(buffer_string(&seen), operands, "%s: the operands", line);
	ok_string_equal(run.err, "", "%s: nothing said on stderr", line);
	ok_string_equal(run.out, "", "%s: nor on stdout", line);
	return run;
}

static void accepts_operands(const char *line, const char *operands)
{
	_cleanup_(run_release) struct run run = accepts(line, operands);

	ok_string_equal(run.argv[0], "program", "%s: the program's name stays", line);
}

static void refuses(const char *line, const char *sentence)
{
	_cleanup_(run_release) struct run run = try(&command, line);
	char expected[256];

	snprintf(expected, sizeof(expected), "tidings try: %s\nTry tidings try --help\n", sentence);
	ok_int_equal(run.result, OPTIONS_WRONG, "%s: refused", line);
	ok_string_equal(run.err, expected, "%s: why", line);
	ok_string_equal(run.out, "", "%s: nothing on stdout", line);
	ok_int_equal(run.operands, -1, "%s: no operands handed out", line);
}

static void test_operands(void)
{
	_cleanup_(run_release) struct run mixed = accepts("-q a --count 3 b -a", "a b");
	_cleanup_(run_release) struct run empty = accepts("_", "");
	_cleanup_(run_release) struct run ended = accepts("-q -- -a --all", "-a --all");

	accepts_operands("a", "a");
	accepts_operands("a b", "a b");
	accepts_operands("-", "-");
	accepts_operands("-- --", "--");
	tap_ok(mixed.arguments.quiet && mixed.arguments.all, "options around operands are read");
	ok_int_equal(empty.operands, 1, "an empty operand is one");
	tap_ok(ended.arguments.quiet && !ended.arguments.all, "no options behind --");
	refuses("", "too few operands: FROM [TO]");
	refuses("-q", "too few operands: FROM [TO]");
	refuses("a b c", "unexpected operand \"c\"");
	refuses("a -q b -a c d", "unexpected operand \"c\"");
}

static void test_defaults(void)
{
	_cleanup_(run_release) struct run run = accepts("a", "a");

	tap_ok(!run.arguments.quiet && !run.arguments.config, "what is not given is not set");
	ok_int_equal(run.arguments.count, 7, "the caller's default stays");
	ok_int_equal(run.arguments.headers.count, 0, "an empty list");
}

static void test_strings(void)
{
	static const char *const ways[] = { "--config=f a", "--config f a", "-c f a", "-cf a",
		"a -qcf", "-c g --config f a", "a -qac f" };

	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		_cleanup_(run_release) struct run run = accepts(ways[i], "a");

		ok_string_equal(run.arguments.config, "f", "%s: the value", ways[i]);
	}
}

static void test_odd_strings(void)
{
	_cleanup_(run_release) struct run empty = accepts("--config= a", "a");
	_cleanup_(run_release) struct run also_empty = accepts("--config _ a", "a");
	_cleanup_(run_release) struct run equals = accepts("--config=a=b a", "a");
	_cleanup_(run_release) struct run dashes = accepts("--config --all a", "a");
	_cleanup_(run_release) struct run short_equals = accepts("-c=f a", "a");

	ok_string_equal(empty.arguments.config, "", "an empty value");
	ok_string_equal(also_empty.arguments.config, "", "an empty argument as value");
	ok_string_equal(equals.arguments.config, "a=b", "an equals sign in a value");
	ok_string_equal(dashes.arguments.config, "--all", "what looks like an option");
	tap_ok(!dashes.arguments.all, "which it is not");
	ok_string_equal(short_equals.arguments.config, "=f", "a letter takes no equals sign");
	refuses("a --config", "--config needs a value: FILE");
	refuses("a -c", "--config needs a value: FILE");
	refuses("a -qc", "--config needs a value: FILE");
}

static void test_numbers(void)
{
	static const struct {
		const char *line;
		long value;
	} good[] = { { "--count 0 a", 0 }, { "--count=-5 a", -5 }, { "--count -5 a", -5 },
		{ "--count 100 a", 100 }, { "--count 007 a", 7 } };
	static const char *const bad[] = { "-6", "101", "", "1x", "x", "0x1", "+1", "1.0", "1e1",
		"99999999999999999999", "-99999999999999999999", "-", "--1", "\t1" };

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		_cleanup_(run_release) struct run run = accepts(good[i].line, "a");

		ok_int_equal(run.arguments.count, good[i].value, "%s: the number", good[i].line);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		char line[64], sentence[128];

		snprintf(line, sizeof(line), "a --count=%s", bad[i]);
		snprintf(sentence, sizeof(sentence),
			"--count: \"%s\" is not a number from -5 to 100", bad[i]);
		refuses(line, sentence);
	}
}

/* Where every long is allowed, one digit more is still refused, not cut. */
static void test_largest_numbers(void)
{
	static const struct option_spec any[] = {
		{ "any", 0, "N", "any number", OPTION_NUMBER, offsetof(struct arguments, count),
			LONG_MIN, LONG_MAX },
		{ 0 },
	};
	static const struct command_spec spec = { .name = "x",
		.operands = "",
		.purpose = "X.",
		.options = any };
	_cleanup_(run_release) struct run most = try(&spec, "--any=9223372036854775807");
	_cleanup_(run_release) struct run least = try(&spec, "--any=-9223372036854775808");
	_cleanup_(run_release) struct run above = try(&spec, "--any=9223372036854775808");
	_cleanup_(run_release) struct run below = try(&spec, "--any=-9223372036854775809");

	ok_int_equal(most.arguments.count, LONG_MAX, "the largest number");
	ok_int_equal(least.arguments.count, LONG_MIN, "the least");
	ok_int_equal(above.result, OPTIONS_WRONG, "one above");
	ok_int_equal(below.result, OPTIONS_WRONG, "one below");
}

static void test_lists(void)
{
	_cleanup_(run_release) struct run run = accepts("-H 1 a --header=2 -H3", "a");
	_cleanup_(run_release) struct run full = accepts("a -H1 -H2 -H3 -H4 -H5 -H6 -H7 -H8 -H9"
							 " -H10 -H11 -H12 -H13 -H14 -H15 -H16",
		"a");

	ok_int_equal(run.arguments.headers.count, 3, "three of a list");
	ok_string_equal(run.arguments.headers.values[0], "1", "the first");
	ok_string_equal(run.arguments.headers.values[1], "2", "the second");
	ok_string_equal(run.arguments.headers.values[2], "3", "the third");
	ok_int_equal(full.arguments.headers.count, OPTION_LIST_MAX, "a full list");
	ok_string_equal(full.arguments.headers.values[15], "16", "its last");
	refuses("a -H1 -H2 -H3 -H4 -H5 -H6 -H7 -H8 -H9 -H10 -H11 -H12 -H13 -H14 -H15 -H16 -H17",
		"--header may be given 16 times at most");
}

static void test_unknown(void)
{
	refuses("a --x", "unknown option --x");
	refuses("a --conf f", "unknown option --conf");
	refuses("a --configs f", "unknown option --configs");
	refuses("a --Config f", "unknown option --Config");
	refuses("a --x=secret", "unknown option --x");
	refuses("a --=f", "unknown option --");
	refuses("a -x", "unknown option -x");
	refuses("a -qx", "unknown option -x");
	refuses("a -h", "unknown option -h");
	refuses("a -5", "unknown option -5");
	refuses("a --quiet=yes", "--quiet takes no value");
	refuses("a --quiet=", "--quiet takes no value");
	refuses("a --help=x", "--help takes no value");
	refuses("a -q=", "unknown option -=");
}

/* clang-format off */
static const char help_text[] =
	"Usage: tidings try [OPTION]... FROM [TO]\n"
	"\n"
	"Try something.\n"
	"\n"
	"Options:\n"
	"  -q, --quiet        say nothing\n"
	"  -a, --all          take all\n"
	"  -c, --config=FILE  read this file\n"
	"      --count=N      so many\n"
	"  -H, --header=TEXT  add a header\n"
	"      --help         show this help and exit\n"
	"      --version      show the version and exit\n";
/* clang-format on */

static void test_help(void)
{
	_cleanup_(run_release) struct run alone = try(&command, "--help");
	_cleanup_(run_release) struct run first = try(&command, "a b --help c --x");
	_cleanup_(run_release) struct run late = try(&command, "--x --help");
	_cleanup_(run_release) struct run version = try(&command, "--version");

	accepts_operands("-- --help", "--help");
	ok_int_equal(alone.result, OPTIONS_HELP, "--help is answered");
	ok_string_equal(alone.out, help_text, "the help text");
	ok_string_equal(alone.err, "", "nothing on stderr");
	ok_string_equal(first.out, help_text, "whatever is around it");
	ok_int_equal(late.result, OPTIONS_WRONG, "but not behind an error");
	ok_int_equal(version.result, OPTIONS_HELP, "--version is answered");
	ok_string_equal(version.out, "tidings try " PACKAGE_VERSION "\n", "the version");
}

/* A program may give these names a meaning of its own. */
static void test_own_version(void)
{
	static const struct option_spec own[] = {
		{ "version", 0, "N", "use this version", OPTION_NUMBER,
			offsetof(struct arguments, count), 0, 9 },
		{ 0 },
	};
	static const struct command_spec spec = { .name = "x",
		.operands = "",
		.purpose = "X.",
		.options = own };
	_cleanup_(run_release) struct run run = try(&spec, "--version=3");

	ok_int_equal(run.result, 0, "an own --version");
	ok_int_equal(run.arguments.count, 3, "takes its value");
}

static const struct option_spec wide_options[] = {
	{ "quiet", 'q', NULL, "say nothing", OPTION_FLAG, 0, 0, 0 },
	{ "fifteen-letters", 0, "XX", "twenty-eight columns with the space behind it",
		OPTION_STRING, 0, 0, 0 },
	{ "sixteen-letters-", 0, "XX",
		"one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
		"fifteen sixteen",
		OPTION_STRING, 0, 0, 0 },
	{ 0 },
};

static const struct command_spec wide_command = {
	.name = "tidings wide",
	.operands = "[ONE-OPERAND-THAT-IS-LONG] [ANOTHER-ONE-THAT-IS-LONG] [AND-A-THIRD] [END]",
	.purpose = "Words words words words words words words words words words words wordss "
		   "xx words \xc3\xa4\xc3\xa4\xc3\xa4.",
	.options = wide_options,
};

static const char wide_text[] =
	"Usage: tidings wide [OPTION]... [ONE-OPERAND-THAT-IS-LONG]\n"
	"                    [ANOTHER-ONE-THAT-IS-LONG] [AND-A-THIRD] [END]\n"
	"\n"
	"Words words words words words words words words words words words wordss xx\n"
	"words \xc3\xa4\xc3\xa4\xc3\xa4.\n"
	"\n"
	"Options:\n"
	"  -q, --quiet               say nothing\n"
	"      --fifteen-letters=XX  twenty-eight columns with the space behind it\n"
	"      --sixteen-letters-=XX\n"
	"                            one two three four five six seven eight nine ten\n"
	"                            eleven twelve thirteen fourteen fifteen sixteen\n"
	"      --help                show this help and exit\n"
	"      --version             show the version and exit\n";

static void test_wrapping(void)
{
	_cleanup_(run_release) struct run run = try(&wide_command, "--help");

	ok_string_equal(run.out, wide_text, "a long help text");
}

/* Every width of a purpose: no line above 79 columns, no word lost. */
static void test_every_width(void)
{
	char purpose[256] = "";
	struct command_spec spec = { .name = "x",
		.operands = "",
		.options = &options[5],
		.purpose = purpose };
	bool whole = true;
	size_t widest = 0;

	for (size_t length = 1; length < 200; length++) {
		_cleanup_(freeing_memory) char *text = NULL;
		size_t size, letters = 0;
		FILE *to = open_memstream(&text, &size);

		purpose[length - 1] = length % 7 == 3 && length > 3 ? ' ' : 'w';
		options_help(&spec, to);
		fclose(to);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			widest = strlen(line) > widest ? strlen(line) : widest;
			for (char *c = line; strncmp(line, "  ", 2) != 0 && *c; c++)
				letters += *c == 'w';
		}
		for (char *c = purpose; *c; c++)
			letters -= *c == 'w';
		whole = whole && letters == 0;
	}
	ok_int_equal(widest, 79, "the widest line");
	tap_ok(whole, "no word is lost");
}

/* A word that fits no line stands on one of its own. */
static void test_endless_word(void)
{
	char word[300] = "", purpose[310];
	struct command_spec spec = { .name = "x",
		.operands = "",
		.options = &options[5],
		.purpose = purpose };
	_cleanup_(freeing_memory) char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	memset(word, 'w', sizeof(word) - 1);
	snprintf(purpose, sizeof(purpose), "a %s b", word);
	options_help(&spec, to);
	fclose(to);
	tap_ok(strstr(text, "\na\nwwww") && strstr(text, "www\nb\n"), "an endless word");
}

int main(void)
{
	test_operands();
	test_defaults();
	test_strings();
	test_odd_strings();
	test_numbers();
	test_largest_numbers();
	test_lists();
	test_unknown();
	test_help();
	test_own_version();
	test_wrapping();
	test_every_width();
	test_endless_word();
	return tap_done();
}
