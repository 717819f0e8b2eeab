/* Publisher keys: what is a key, what is a name, and which files of hashes are taken. */
#include "lib/publisher_keys.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/stat.h>

/* SHA-256 of "tk_" and 43 times "A", as sha256sum tells it, and of nothing. */
#define KEY_A  "tk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HASH_A "129372c89d40b9404c6a9923e87fea2e601c6149ecc5310ac5ef92e00f5df233"
#define HASH_B "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MADE   "2026-01-31T09:30:00.000Z"

/* ---- keys ---- */

static void ok_malformed(struct slice key, const char *what)
{
	uint8_t digest[DIGEST_BYTES];
	/* A copy of exactly that size, so that reading beyond it is seen */
	_cleanup_(freeing_memory) char *copy = malloc(key.len ? key.len : 1);

	if (key.len > 0)
		memcpy(copy, key.data, key.len);
	ok_int_equal(publisher_key_digest((struct slice){ copy, key.len }, digest),
		PUBLISHER_KEY_MALFORMED, "%s is no key", what);
}

static void test_form(void)
{
	uint8_t digest[DIGEST_BYTES];
	char text[2 * DIGEST_BYTES + 1];

	ok_int_equal(publisher_key_digest(SLICE(KEY_A), digest), 0, "a key has a digest");
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	ok_string_equal(text, HASH_A, "which is that of its characters");

	ok_malformed((struct slice){ 0 }, "nothing");
	ok_malformed(SLICE("tk_"), "the prefix");
	ok_malformed((struct slice){ KEY_A, PUBLISHER_KEY_LENGTH - 1 }, "one that was cut");
	ok_malformed(SLICE(KEY_A "A"), "a longer one");
	ok_malformed(SLICE(KEY_A " "), "one with a blank behind it");
	ok_malformed(SLICE("TK_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "another prefix");
	ok_malformed(SLICE("tk_AAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAAA"), "plain base64");
	ok_malformed(SLICE("tk_AAAAAAAAAAAAAAAAAAAA\0AAAAAAAAAAAAAAAAAAAAAA"), "one with a NUL");
	ok_malformed(SLICE("tk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"),
		"a second spelling of the same bytes");

	tap_ok(publisher_key_is_meant(SLICE("tk_")), "what begins like a key is meant to be one");
	tap_ok(!publisher_key_is_meant(SLICE("tk")), "what is shorter is not");
	tap_ok(!publisher_key_is_meant(SLICE("eyJhbGciOiJIUzI1NiJ9.e30.x")), "nor is a token");
}

static void test_make(void)
{
	char first[PUBLISHER_KEY_LENGTH + 1], key[PUBLISHER_KEY_LENGTH + 1];
	uint8_t digest[DIGEST_BYTES];
	bool last_differs = false, good = true;

	ok_int_equal(publisher_key_make(first), 0, "a key is made");
	for (int i = 0; i < 1000; i++) {
		good = good && publisher_key_make(key) == 0 &&
		       strlen(key) == PUBLISHER_KEY_LENGTH &&
		       publisher_key_digest(slice_of(key), digest) == 0 && strcmp(key, first) != 0;
		last_differs = last_differs ||
			       key[PUBLISHER_KEY_LENGTH - 1] != first[PUBLISHER_KEY_LENGTH - 1];
	}
	tap_ok(good, "a thousand are keys, and none is the first");
	tap_ok(last_differs, "all of it is random, to the end");
}

static void test_names(void)
{
	static const char *const good[] = { "a", "Z", "7", "shop", "shop.eu-1_b", "0-" };
	static const char *const bad[] = { "", "-a", ".a", "_a", "#a", "a b", "a\tb", "a\n", "ä",
		"a/b", "a:b", "*", "a\x7f" };
	char longest[PUBLISHER_NAME_MAX + 2];

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		tap_ok(publisher_name_valid(slice_of(good[i])), "%s is a name", good[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		tap_ok(!publisher_name_valid(slice_of(bad[i])), "number %zu is none", i);
	memset(longest, 'a', sizeof(longest));
	tap_ok(publisher_name_valid((struct slice){ longest, PUBLISHER_NAME_MAX }), "of 64 bytes");
	tap_ok(!publisher_name_valid((struct slice){ longest, PUBLISHER_NAME_MAX + 1 }), "of 65");
	tap_ok(!publisher_name_valid(SLICE("a\0b")), "with a NUL");

	tap_ok(slice_is(publisher_of(SLICE(PUBLISHER_MARK "shop")), "shop"), "a caller by a key");
	ok_int_equal(publisher_of(SLICE("shop")).len, 0, "a user is none");
	ok_int_equal(publisher_of(SLICE(PUBLISHER_MARK)).len, 0, "nor is the mark alone");
	ok_int_equal(publisher_of(SLICE(PUBLISHER_MARK "a b")).len, 0, "or before what is no name");
	ok_int_equal(publisher_of((struct slice){ 0 }).len, 0, "or nobody");
}

/* ---- files ---- */

static int parse(struct slice text, struct publisher_keys *ret_keys, char **ret_problem)
{
	_cleanup_(freeing_memory) char *copy = malloc(text.len ? text.len : 1);

	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	return publisher_keys_parse("f", (struct slice){ copy, text.len }, ret_keys, ret_problem);
}

static void ok_problem(struct slice text, const char *expected, const char *what)
{
	struct publisher_keys keys = { .count = 7 };
	char *problem = NULL;
	int r = parse(text, &keys, &problem);

	ok_int_equal(r, -EINVAL, "%s is refused", what);
	tap_ok(problem && strstr(problem, expected) == problem, "with %s: %s", expected,
		problem ? problem : "nothing");
	ok_int_equal(keys.count, 7, "and nothing is handed out");
	free(problem);
}

static void test_good_file(void)
{
	_cleanup_(publisher_keys_release) struct publisher_keys keys = { 0 };
	const struct publisher_key *key;
	uint8_t digest[DIGEST_BYTES];
	char *problem = NULL;
	int r = parse(SLICE("# a comment\n"
			    "\n"
			    "  \t # another\n"
			    "shop " HASH_A " " MADE " never\n"
			    "\tcron\t" HASH_B
			    "  2026-01-31T10:30:00+01:00 \t2027-01-01T00:00:00Z "),
		&keys, &problem);

	ok_int_equal(r, 0, "comments, blanks, any offset, and no end of the last line");
	ok_int_equal(keys.count, 2, "two keys");
	ok_string_equal(problem, NULL, "no problem");
	if (r != 0 || keys.count != 2)
		return;
	publisher_key_digest(SLICE(KEY_A), digest);
	key = publisher_keys_find(&keys, digest);
	tap_ok(key == &keys.list[0], "the first is found by its digest");
	ok_string_equal(keys.list[0].name, "shop", "and has its name");
	ok_int_equal(keys.list[0].created, 1769851800000, "it was made then");
	ok_int_equal(keys.list[1].created, 1769851800000, "as was the other");
	tap_ok(!publisher_key_expired(&keys.list[0], INT64_MAX), "it never expires");
	tap_ok(!publisher_key_expired(&keys.list[1], 1798761599999), "the other is good");
	tap_ok(publisher_key_expired(&keys.list[1], 1798761600000), "until then");
	digest[DIGEST_BYTES - 1] ^= 1;
	tap_ok(!publisher_keys_find(&keys, digest), "a digest that differs in a bit is not found");
	tap_ok(publisher_keys_named(&keys, "cron") == &keys.list[1],
		"the second is found by its name");
	tap_ok(!publisher_keys_named(&keys, "cro"), "which must be whole");
}

static void test_empty_files(void)
{
	static const char *const texts[] = { "", "\n", "#", " \n\n# nothing" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct publisher_keys keys = { .count = 7 };
		char *problem;

		ok_int_equal(parse(slice_of(texts[i]), &keys, &problem), 0, "number %zu", i);
		ok_int_equal(keys.count, 0, "has no keys");
	}
}

static void test_bad_files(void)
{
	static const char good[] = "shop " HASH_A " " MADE " never\n";
	static const struct {
		const char *text, *problem, *what;
	} cases[] = {
		{ "-x " HASH_A " " MADE " never", "f:1: the name", "a name that is none" },
		{ "\nshop", "f:2: behind the name", "a name alone" },
		{ "shop " KEY_A " " MADE " never", "f:1: behind the name", "the key itself" },
		{ "shop " HASH_A "0 " MADE " never", "f:1: behind the name", "a longer hash" },
		{ "shop E" HASH_B " " MADE " never", "f:1: behind the name", "capitals" },
		{ "shop " HASH_A, "f:1: the third word", "a line that was cut" },
		{ "shop " HASH_A " 2026-01-31 never", "f:1: the third word", "a day" },
		{ "shop " HASH_A " " MADE, "f:1: the fourth word", "a line without an end" },
		{ "shop " HASH_A " " MADE " no", "f:1: the fourth word",
			"another word than never" },
		{ "shop " HASH_A " " MADE " 1970-01-01T00:00:00Z", "f:1: the fourth word",
			"the beginning of time" },
		{ "shop " HASH_A " " MADE " never\r\n", "f:1: the fourth word",
			"a carriage return" },
		{ "shop " HASH_A " " MADE " never # x", "f:1: nothing may follow", "a fifth word" },
		{ "<<<<<<< HEAD\n", "f:1: the name", "what a merge leaves" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		ok_problem(slice_of(cases[i].text), cases[i].problem, cases[i].what);
	ok_problem(SLICE("shop\0 " HASH_A " " MADE " never"), "f:1: the name", "a NUL");

	{
		_cleanup_(buffer_release) struct buffer text = { 0 };

		buffer_print(&text, "%s\nshop " HASH_B " " MADE " never\n", good);
		ok_problem(buffer_slice(&text), "f:3: there is a key of this name", "a name twice");
		buffer_clear(&text);
		buffer_print(&text, "%sother " HASH_A " " MADE " never\n", good);
		ok_problem(buffer_slice(&text), "f:2: the same key", "a key by two names");
	}
}

static void test_bound(void)
{
	_cleanup_(publisher_keys_release) struct publisher_keys keys = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char *problem;

	for (int i = 0; i < PUBLISHER_KEYS_MAX; i++)
		buffer_print(&text, "k%d %064x " MADE " never\n", i, (unsigned)i);
	ok_int_equal(parse(buffer_slice(&text), &keys, &problem), 0, "256 keys");
	ok_int_equal(keys.count, PUBLISHER_KEYS_MAX, "are all there");
	tap_ok(text.len < PUBLISHER_FILE_MAX, "and fit into a file");
	buffer_print(&text, "more %064x " MADE " never\n", 999U);
	ok_problem(buffer_slice(&text), "f:257: there are 256", "one more");
}

static void test_format(void)
{
	struct publisher_key key = { .name = "shop", .created = 1769851800000 };
	_cleanup_(publisher_keys_release) struct publisher_keys keys = { 0 };
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char *problem;

	publisher_key_digest(SLICE(KEY_A), key.digest);
	publisher_key_format(&text, &key);
	ok_string_equal(buffer_string(&text), "shop " HASH_A " " MADE " never\n", "a line");
	key.expires = 1798761600000;
	key.digest[0] ^= 1;
	memcpy(key.name, "cron", 5);
	publisher_key_format(&text, &key);
	ok_int_equal(parse(buffer_slice(&text), &keys, &problem), 0, "two can be read");
	ok_int_equal(keys.count, 2, "as they are");
	if (keys.count == 2)
		tap_ok(memcmp(keys.list[1].digest, key.digest, DIGEST_BYTES) == 0 &&
				keys.list[1].expires == key.expires,
			"the second is the same again");
	tap_ok(slice_is(publisher_line_name(SLICE(" shop x")), "shop"), "the name of a line");
	ok_int_equal(publisher_line_name(SLICE("#shop x")).len, 0, "a comment has none");
}

static void ok_read(const char *path, int expected, const char *what)
{
	struct publisher_keys keys = { 0 };
	char *problem = NULL;
	int r = publisher_keys_read(path, &keys, &problem);

	ok_int_equal(r, expected, "%s: %s", what, problem ? problem : "");
	tap_ok((r < 0) == (problem != NULL), "a problem is told, and nothing else");
	tap_ok(!problem || strstr(problem, path) == problem, "with the name of the file");
	publisher_keys_release(&keys);
	free(problem);
}

static void test_files(void)
{
	char path[] = "/tmp/tidings-keys-XXXXXX";
	static const char line[] = "shop " HASH_A " " MADE " never\n";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, line, sizeof(line) - 1) != sizeof(line) - 1)
		abort();
	ok_read(path, 0, "a file");
	fchmod(fd, 0644);
	ok_read(path, 0, "one that all can read");
	fchmod(fd, 0660);
	ok_read(path, -EPERM, "one that its group can write");
	fchmod(fd, 0602);
	ok_read(path, -EPERM, "one that all can write");
	fchmod(fd, 0600);
	if (ftruncate(fd, PUBLISHER_FILE_MAX + 1) < 0)
		abort();
	ok_read(path, -EFBIG, "one that is too long");
	close(fd);
	unlink(path);
	ok_read(path, 0, "none");
	if (mkfifo(path, 0600) < 0)
		abort();
	ok_read(path, -EINVAL, "a pipe, which nobody writes to");
	unlink(path);
	ok_read("/tmp", -EINVAL, "a directory");
	ok_read("/dev/null/publishers", -ENOTDIR, "a place that there cannot be");
}

int main(void)
{
	test_form();
	test_make();
	test_names();
	test_good_file();
	test_empty_files();
	test_bad_files();
	test_bound();
	test_format();
	test_files();
	return tap_done();
}
