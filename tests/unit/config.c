/*
 * The configuration file: every way in which a line can be wrong, and that one
 * reading tells all problems. What single values may be is in config_values.c.
 */
#include "lib/config.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char directory[] = "/tmp/tidings-config-XXXXXX";
static char path[64];

static void write_bytes(const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		abort();
}

static int load_bytes(const void *data, size_t size, struct config **ret_config,
	struct buffer *problems)
{
	write_bytes(data, size);
	return config_load(path, ret_config, problems);
}

static int load(const char *text, struct config **ret_config, struct buffer *problems)
{
	return load_bytes(text, strlen(text), ret_config, problems);
}

/* `expected` are the lines of problems without the file's name: "3: cache: ...\n". */
static void refuses_bytes(const void *data, size_t size, const char *expected, const char *what)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 }, seen = { 0 };
	char prefix[80];
	int result = load_bytes(data, size, &config, &problems);
	const char *line = buffer_string(&problems);

	snprintf(prefix, sizeof(prefix), "%s:", path);
	for (; *line; line += strcspn(line, "\n") + 1) {
		size_t skip = strncmp(line, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;

		buffer_append(&seen, line + skip, strcspn(line, "\n") + 1 - skip);
	}
	ok_int_equal(result, CONFIG_INVALID, "%s: refused", what);
	ok_string_equal(buffer_string(&seen), expected, "%s: said so", what);
	tap_ok(!config, "%s: no configuration handed out", what);
}

static void refuses(const char *text, const char *expected, const char *what)
{
	refuses_bytes(text, strlen(text), expected, what);
}

static struct config *accepts_bytes(const void *data, size_t size, const char *what)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	struct config *config = NULL;
	int result = load_bytes(data, size, &config, &problems);

	if (!ok_int_equal(result, 0, "%s: accepted", what)) {
		tap_note("%s", buffer_string(&problems));
		abort();
	}
	ok_int_equal(problems.len, 0, "%s: nothing said", what);
	return config;
}

static struct config *accepts(const char *text, const char *what)
{
	return accepts_bytes(text, strlen(text), what);
}

static void test_lines(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL, *mark = NULL;

	mark = accepts("\xef\xbb\xbf", "a byte order mark alone");
	ok_int_equal(mark->web.workers, 16, "is an empty file");
	config = accepts("\xef\xbb\xbf# comment\n; comment\n\r\n"
			 "  [store]  ; comment\n"
			 "\tcache\t=\t2M \t; comment\r\n"
			 "home=/a;b\n"
			 "  # an indented comment\n"
			 "  durability = write\n"
			 "[auth]\n"
			 "issuer = a = b ;c\n"
			 "[store]\n"
			 "api-users : alice",
		"all that a file may hold");
	ok_int_equal(config->store.cache, 2 << 20, "white space and comment taken away");
	ok_string_equal(config->store.home, "/a;b", "a semicolon within a word is no comment");
	ok_int_equal(config->store.durability, DURABILITY_WRITE, "an indented key is a key");
	ok_string_equal(config->auth.issuer, "a = b", "an equals sign in a value");
	ok_string_equal(config->store.api_users[0], "alice", "the last line needs no end");
}

static void test_refused_lines(void)
{
	refuses("cache = 1M\n",
		"1: \"cache\" stands before the first [section]; "
		"it belongs in [store]\n",
		"a key before any section");
	refuses("[store]\nworkers = 2\n",
		"2: there is no key \"workers\" in [store]; it belongs in [web]\n",
		"a key in the wrong section");
	refuses("[store]\nCache = 2M\n", "2: there is no key \"Cache\" in [store]\n",
		"a key in the wrong case");
	refuses("[store]\n= 2\n", "2: there is no key \"\" in [store]\n", "no key at all");
	refuses("[store]\ncache\n", "2: neither a [section], a comment nor key = value\n",
		"no equals sign");
	refuses("[store]\ncache ; = 2M\n[web]\n",
		"2: neither a [section], a comment nor key = value\n",
		"the equals sign in a comment");
	refuses("[store]\ncache = 2M\ncache = 2M\n", "3: cache: is set twice, first in line 2\n",
		"a key twice");
	refuses("[store]\ncache = x\n[store]\ncache = 2M\n",
		"2: cache: \"x\" is not a size from 1M to 64G, in bytes or with K, M or G "
		"behind it\n4: cache: is set twice, first in line 2\n",
		"twice, the first wrong");
	refuses("[stor]\ncache = 2M\nnonsense = 1\n", "1: there is no section [stor]\n",
		"an unknown section, once");
	refuses("[]\n", "1: there is no section []\n", "a section without a name");
	refuses("[ store ]\n", "1: there is no section [ store ]\n", "spaces in the brackets");
	refuses("[store\ncache = 2M\n", "1: a section is written [name]\n", "no bracket");
	refuses("[store] cache = 2M\n", "1: a section is written [name]\n", "more behind it");
	refuses("[store]; x\n", "1: a section is written [name]\n", "a comment too close");
}

static void test_continuations(void)
{
	refuses("[auth]\nissuer = a\n  b\n", "3: neither a [section], a comment nor key = value\n",
		"an indented line");
	refuses("[auth]\nissuer = a\n  issuer = b\n", "3: issuer: is set twice, first in line 2\n",
		"an indented key");
	refuses("[auth]\nissuer = a\\\nb\n", "3: neither a [section], a comment nor key = value\n",
		"a backslash");
}

static void test_hostile_bytes(void)
{
#define REFUSES(text, expected, what) refuses_bytes(text, sizeof(text) - 1, expected, what)
	REFUSES("[store]\nhome = /a\0b\n", "2: the line holds a control character\n", "NUL");
	REFUSES("\0", "1: the line holds a control character\n", "NUL alone");
	REFUSES("[store]\n\0", "2: the line holds a control character\n", "NUL at the end");
	REFUSES("[store]\nhome = /a\x1b[2J\n", "2: the line holds a control character\n",
		"an escape");
	REFUSES("[store]\nhome = /a\rcache = 1\n", "2: the line holds a control character\n",
		"a carriage return inside");
	REFUSES("[store]\nhome = /a\x7f\n", "2: the line holds a control character\n", "DEL");
	REFUSES("[store]\nhome = /a\xc2\x85\n", "2: the line holds a control character\n", "C1");
	REFUSES("[store]\nhome = /\xff\n", "2: the line is not UTF-8 text\n", "no UTF-8");
	REFUSES("\xff\xfe[\0s\0", "1: the line is not UTF-8 text\n", "UTF-16");
	REFUSES("# \xff\n", "1: the line is not UTF-8 text\n", "no UTF-8 in a comment");
}

/* A file with a comment of so many bytes between its other lines. */
static struct buffer make_comment(size_t length)
{
	struct buffer text = { 0 };

	buffer_append_string(&text, "[auth]\n");
	while (length-- > 0)
		buffer_append_string(&text, "#");
	buffer_append_string(&text, "\nleeway = 7\n");
	return text;
}

static void test_long_lines(void)
{
	_cleanup_(buffer_release) struct buffer longest = make_comment(8190);
	_cleanup_(buffer_release) struct buffer longer = make_comment(8191);
	_cleanup_(buffer_release) struct buffer endless = make_comment(90000);
	_cleanup_(freeing_config_free) struct config *config = NULL;

	config = accepts_bytes(longest.data, longest.len, "a line of 8190 bytes");
	ok_int_equal(config->auth.leeway, 7, "the line behind it counts");
	refuses_bytes(longer.data, longer.len, "2: the line is too long\n", "8191 bytes");
	refuses_bytes(endless.data, endless.len, "2: the line is too long\n", "90000 bytes");
}

static void test_long_list(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer text = { 0 };
	size_t count = 0;

	buffer_append_string(&text, "[web]\nallowed-origins = ");
	for (int i = 0; i < 200; i++)
		buffer_print(&text, "%shttps://host%d.example.org", i ? ", " : "", i);
	config = accepts_bytes(text.data, text.len, "a list of 200 origins");
	while (config->web.allowed_origins[count])
		count++;
	ok_int_equal(count, 200, "none is lost");
	ok_string_equal(config->web.allowed_origins[199], "https://host199.example.org", "nor cut");
}

static void test_section_name_length(void)
{
	for (int length = 48; length <= 65; length++) {
		char text[128], expected[160];

		snprintf(text, sizeof(text), "[%0*d]\ncache = 2M\n", length, 0);
		snprintf(expected, sizeof(expected), "1: there is no section [%0*d]\n", length, 0);
		refuses(text, length < 64 ? expected : "1: the section's name is too long\n",
			"a long section");
	}
}

static void test_file_size(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL, *none = NULL;
	_cleanup_(buffer_release) struct buffer text = { 0 }, problems = { 0 };
	char expected[128];

	while (text.len < 1 << 20)
		buffer_append_string(&text, "\n");
	config = accepts_bytes(text.data, text.len, "a file of 1 MiB");
	buffer_append_string(&text, "\n");
	ok_int_equal(load_bytes(text.data, text.len, &none, &problems), -EFBIG, "one byte more");
	snprintf(expected, sizeof(expected), "%s: File too large\n", path);
	ok_string_equal(buffer_string(&problems), expected, "and why");
	tap_ok(config && !none, "only the first is a configuration");
}

static void test_unreadable(void)
{
	struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };

	ok_int_equal(config_load("/nonexistent/x", &config, &problems), -ENOENT, "no file");
	ok_int_equal(config_load("/", &config, &problems), -EISDIR, "a directory");
	ok_int_equal(config_load("/dev/zero", &config, &problems), -EFBIG, "an endless file");
	ok_string_equal(buffer_string(&problems),
		"/nonexistent/x: No such file or directory\n/: Is a directory\n"
		"/dev/zero: File too large\n",
		"each is named");
	tap_ok(!config, "nothing is handed out");
}

static void test_all_at_once(void)
{
	refuses("first\n"
		"[store]\n"
		"cache = 1\n"
		"engine = x\n"
		"\n"
		"[nowhere]\n"
		"a = b\n"
		"[push]\n"
		"max-connections-per-user = 11\n"
		"max-connections = 10\n"
		"[auth]\n"
		"colour = red\n",
		"1: neither a [section], a comment nor key = value\n"
		"3: cache: \"1\" is not a size from 1M to 64G, in bytes or with K, M or G "
		"behind it\n"
		"4: engine: \"x\" is not bdb\n"
		"6: there is no section [nowhere]\n"
		"12: there is no key \"colour\" in [auth]\n"
		"9: max-connections-per-user: must not be above max-connections\n",
		"several problems");
}

static void test_contradictions(void)
{
	_cleanup_(freeing_config_free) struct config *equal = NULL, *only_directory = NULL;

	equal = accepts("[push]\nmax-connections=7\nmax-connections-per-user=7\n", "equal limits");
	ok_int_equal(equal->push.max_connections, 7, "equal limits: taken");
	refuses("[push]\nmax-connections = 4\n",
		"2: max-connections-per-user: must not be above max-connections\n",
		"against a default, the line that is there is named");
	refuses("[push]\nmax-connections = 0\nmax-connections-per-user = 200000\n",
		"2: max-connections: \"0\" is not a number from 1 to 1000000\n",
		"not compared with a value that was refused");
	only_directory = accepts("[auth]\nkey-file=\nkeys-dir=/keys\n", "a directory of keys only");
	ok_string_equal(only_directory->auth.key_file, "", "a directory of keys only: taken");
	refuses("[auth]\nkey-file =\n", "2: key-file: may be empty only where keys-dir is set\n",
		"no key at all");
	refuses("[auth]\nuser-claim = role\n", "2: role-claim: must differ from user-claim\n",
		"one claim for two things");
}

/* Lines that are there before stay, and do not count as problems of this file. */
static void test_problems_are_added(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };

	buffer_append_string(&problems, "before\n");
	ok_int_equal(load("", &config, &problems), 0, "accepted");
	ok_string_equal(buffer_string(&problems), "before\n", "what was there stays");
}

static void test_problems_limit(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { .limit = 16 };

	ok_int_equal(load("nonsense\n", &config, &problems), -ENOBUFS, "no room for problems");
	tap_ok(!config, "nothing is handed out");
}

static void test_path(void)
{
	unsetenv("TIDINGS_CONFIG");
	ok_string_equal(config_path(NULL), CONFDIR "/tidings.conf", "the compiled-in file");
	ok_string_equal(config_path("o"), "o", "the option");
	setenv("TIDINGS_CONFIG", "/env", 1);
	ok_string_equal(config_path(NULL), "/env", "the environment");
	ok_string_equal(config_path("o"), "o", "the option before the environment");
	setenv("TIDINGS_CONFIG", "", 1);
	ok_string_equal(config_path(NULL), CONFDIR "/tidings.conf", "an empty variable is none");
}

int main(void)
{
	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/tidings.conf", directory);
	test_lines();
	test_refused_lines();
	test_continuations();
	test_hostile_bytes();
	test_long_lines();
	test_long_list();
	test_section_name_length();
	test_file_size();
	test_unreadable();
	test_all_at_once();
	test_contradictions();
	test_problems_are_added();
	test_problems_limit();
	test_path();
	tap_ok(!config_free(NULL), "freeing nothing");
	unlink(path);
	rmdir(directory);
	return tap_done();
}
