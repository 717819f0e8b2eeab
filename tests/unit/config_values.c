/*
 * The keys of the configuration: each by its default and at its limits, and what
 * every kind of value may and may not be.
 */
#include "lib/config.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

/* 107 bytes, the most that an address of a unix socket holds */
#define LONGEST_SOCKET                                                                     \
	"/sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss" \
	"sssssssssssssssssssssssssss"

static char path[] = "/tmp/tidings-config-XXXXXX";

static int load(struct config **ret_config, struct buffer *problems, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int load(struct config **ret_config, struct buffer *problems, const char *format, ...)
{
	FILE *file = fopen(path, "w");
	va_list arguments;

	if (!file)
		abort();
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	if (fclose(file) != 0)
		abort();
	return config_load(path, ret_config, problems);
}

static size_t index_of(const char *section, const char *name)
{
	const struct config_key *keys = config_keys();
	size_t i = 0;

	while (keys[i].section &&
		(strcmp(keys[i].section, section) != 0 || strcmp(keys[i].name, name) != 0))
		i++;
	if (!keys[i].section)
		abort();
	return i;
}

static void check_format(const struct config *config, size_t index, const char *expected,
	const char *what)
{
	_cleanup_(buffer_release) struct buffer value = { 0 };

	config_format(&value, config, index);
	ok_string_equal(buffer_string(&value), expected, "%s", what);
}

/* clang-format off */
/* A value, and how it is given back ("=": the same). */
static const struct {
	const char *section, *name, *value, *formatted;
} accepted[] = {
	{ "store", "engine", "bdb", "=" },
	{ "store", "socket", "/s", "=" },
	{ "store", "socket", LONGEST_SOCKET, "=" },
	{ "store", "home", "/a b/c", "=" },
	{ "store", "durability", "write", "=" },
	{ "store", "cache", "1M", "=" },
	{ "store", "cache", "1048577", "=" },
	{ "store", "cache", "65536K", "64M" },
	{ "store", "cache", "64G", "=" },
	{ "store", "cache", "00000000000000000000000000002M", "2M" },
	{ "store", "disk-reserve", "1024G", "=" },
	{ "store", "retention-days", "0", "=" },
	{ "store", "retention-days", "36500", "=" },
	{ "store", "max-per-user", "1000000", "=" },
	{ "store", "log-keep-hours", "0", "=" },
	{ "store", "api-users", "www-data, _x.y-Z ,33", "www-data,_x.y-Z,33" },
	{ "auth", "algorithm", "ES512", "=" },
	{ "auth", "keys-dir", "/k", "=" },
	{ "auth", "issuer", "https://id.example.org/a;b=c", "=" },
	{ "auth", "audience", "ünïcode", "=" },
	{ "auth", "leeway", "0", "=" },
	{ "auth", "publisher-roles", "", "=" },
	{ "auth", "publisher-roles", "one", "=" },
	{ "auth", "publisher-scope", "", "=" },
	{ "auth", "publisher-keys", "", "=" },
	{ "auth", "publisher-scope", "!~#[]azAZ09", "=" },
	{ "auth", "cookie", "__Host-session.1", "=" },
	{ "auth", "cookie", "azAZ09", "=" },
	{ "auth", "cookie", "!#$%&'*+-.^_`|~", "=" },
	{ "auth", "query-token", "yes", "=" },
	{ "auth", "query-token", "no", "=" },
	{ "web", "allowed-origins", "https://a.example:8443,http://localhost:1", "=" },
	{ "web", "allowed-origins", "http://[::1]:65535,http://[::1]", "=" },
	{ "web", "allowed-origins", "capacitor://localhost", "=" },
	{ "web", "trusted-proxies", "10.0.0.1,fe80::1,unix", "=" },
	{ "web", "trusted-proxies", "", "=" },
	{ "web", "max-body", "1024", "1K" },
	{ "web", "workers", "1", "=" },
	{ "web", "workers", "256", "=" },
	{ "push", "listen", "127.0.0.1:1,[::]:65535,8080,/run/x.sock", "=" },
	{ "push", "control", "", "=" },
	{ "push", "control", LONGEST_SOCKET, "=" },
	{ "push", "path", "", "=" },
	{ "push", "path", "/a/~b_c.d-e", "=" },
	{ "push", "when-full", "refuse-newest", "=" },
	{ "push", "max-message", "1M", "=" },
	{ "push", "max-connections", "1000000", "=" },
	{ "away", "run", "/usr/bin/mail it's  $HOME *", "=" },
	{ "away", "after", "90s", "=" },
	{ "away", "after", "120s", "2m" },
	{ "away", "max-age", "1440m", "1d" },
	{ "away", "after", "007s", "7s" },
	{ "away", "retry", "1h", "=" },
	{ "away", "types", "warning, error", "warning,error" },
	{ "away", "categories", "a.b-c_9", "=" },
	{ "status", "path", "/server/tidings", "=" },
	{ "status", "allow", "", "=" },
	{ "status", "allow", "192.0.2.0/24,2001:db8::/32,::1,unix", "=" },
};

/* A value, and what the problem must say. */
static const struct {
	const char *section, *name, *value, *sentence;
} refused[] = {
	{ "store", "engine", "redis", "bdb" },
	{ "store", "engine", "", "must not be empty" },
	{ "store", "socket", "s.sock", "the absolute path of a socket" },
	{ "store", "socket", "/", "the absolute path of a socket" },
	{ "store", "socket", LONGEST_SOCKET "s", "the absolute path of a socket" },
	{ "store", "home", "relative", "an absolute path" },
	{ "store", "home", "", "must not be empty" },
	{ "store", "home", "\"/quoted\"", "without the quotation marks" },
	{ "store", "home", "'/quoted'", "without the quotation marks" },
	{ "store", "durability", "Sync", "one of sync, write" },
	{ "store", "durability", "", "one of sync, write" },
	{ "store", "cache", "1048575", "a size from 1M to 64G" },
	{ "store", "cache", "68719476737", "a size from 1M to 64G" },
	{ "store", "cache", "64m", "a size" },
	{ "store", "cache", "64 M", "a size" },
	{ "store", "cache", "64MB", "a size" },
	{ "store", "cache", "M", "a size" },
	{ "store", "cache", "", "a size" },
	{ "store", "cache", "-1", "a size" },
	{ "store", "cache", "18446744073709551616", "a size" },
	{ "store", "cache", "18446744073709551615G", "a size" },
	{ "store", "cache", "17179869185G", "a size" },
	{ "store", "cache", "0x40M", "a size" },
	{ "store", "retention-days", "36501", "a number from 0 to 36500" },
	{ "store", "retention-days", "4294967297", "a number" },
	{ "store", "retention-days", "1K", "a number" },
	{ "store", "retention-days", "+1", "a number" },
	{ "store", "retention-days", "", "a number" },
	{ "store", "api-users", "-x", "a local user" },
	{ "store", "api-users", "a b", "a local user" },
	{ "auth", "algorithm", "none", "one of HS256, HS384, HS512, RS256" },
	{ "auth", "algorithm", "hs256", "one of HS256" },
	{ "auth", "algorithm", "PS256", "one of HS256" },
	{ "auth", "key-file", "jwt.key", "an absolute path" },
	{ "auth", "user-claim", "", "must not be empty" },
	{ "auth", "publisher-roles", "a,,b", "empty item" },
	{ "auth", "publisher-roles", "a,", "empty item" },
	{ "auth", "publisher-roles", ",", "empty item" },
	{ "auth", "publisher-roles", "a, b ,a", "\"a\" stands in the list twice" },
	{ "auth", "publisher-scope", "a b", "one word of a scope" },
	{ "auth", "publisher-scope", "\xc3\xa9", "one word of a scope" },
	{ "auth", "publisher-scope", "a\"b", "one word of a scope" },
	{ "auth", "publisher-scope", "a\\b", "one word of a scope" },
	{ "status", "path", "", "must not be empty" },
	{ "status", "path", "status", "a URL path" },
	{ "status", "allow", "localhost", "a network such as 192.0.2.0/24" },
	{ "status", "allow", "192.0.2.0/33", "a network" },
	{ "status", "allow", "192.0.2.1:80", "a network" },
	{ "auth", "cookie", "a b", "a cookie name" },
	{ "auth", "cookie", "a=b", "a cookie name" },
	{ "auth", "cookie", "a,b", "a cookie name" },
	{ "auth", "cookie", "\xc3\xa9", "a cookie name" },
	{ "auth", "query-token", "true", "yes or no" },
	{ "auth", "query-token", "Yes", "yes or no" },
	{ "auth", "query-token", "", "yes or no" },
	{ "web", "allowed-origins", "*", "an origin" },
	{ "web", "allowed-origins", "null", "an origin" },
	{ "web", "allowed-origins", "example.org", "an origin" },
	{ "web", "allowed-origins", "https://", "an origin" },
	{ "web", "allowed-origins", "https://a/", "an origin" },
	{ "web", "allowed-origins", "https://A.org", "an origin" },
	{ "web", "allowed-origins", "https://a:443", "an origin" },
	{ "web", "allowed-origins", "http://a:80", "an origin" },
	{ "web", "allowed-origins", "http://a:0", "an origin" },
	{ "web", "allowed-origins", "http://a:65536", "an origin" },
	{ "web", "allowed-origins", "http://[::1", "an origin" },
	{ "web", "allowed-origins", "http://u@a", "an origin" },
	{ "web", "allowed-origins", "1ttp://a", "an origin" },
	{ "web", "trusted-proxies", "localhost", "an IPv4 or IPv6 address" },
	{ "web", "trusted-proxies", "10.0.0.0/8", "an IPv4 or IPv6 address" },
	{ "web", "trusted-proxies", "1234:1234:1234:1234:1234:1234:123.123.123.1234",
		"an IPv4 or IPv6 address" },
	{ "web", "trusted-proxies", "10.0.0.1.2", "an IPv4 or IPv6 address" },
	{ "web", "max-body", "1023", "a size from 1K to 4M" },
	{ "web", "workers", "0", "a number from 1 to 256" },
	{ "web", "workers", "257", "a number from 1 to 256" },
	{ "push", "listen", "0", "ADDRESS:PORT" },
	{ "push", "listen", "80x", "ADDRESS:PORT" },
	{ "push", "listen", "000080", "ADDRESS:PORT" },
	{ "push", "listen", "65536", "ADDRESS:PORT" },
	{ "push", "listen", "localhost:80", "ADDRESS:PORT" },
	{ "push", "listen", ":80", "ADDRESS:PORT" },
	{ "push", "listen", "::1:80", "ADDRESS:PORT" },
	{ "push", "listen", "[::1]", "ADDRESS:PORT" },
	{ "push", "listen", "[:80", "ADDRESS:PORT" },
	{ "push", "listen", "[]:80", "ADDRESS:PORT" },
	{ "push", "listen", "[127.0.0.1]:80", "ADDRESS:PORT" },
	{ "push", "listen", "127.0.0.1:", "ADDRESS:PORT" },
	{ "push", "listen", "/", "ADDRESS:PORT" },
	{ "push", "listen", LONGEST_SOCKET "s", "ADDRESS:PORT" },
	{ "push", "control", "c.sock", "the absolute path of a socket" },
	{ "push", "control", "/", "the absolute path of a socket" },
	{ "push", "control", LONGEST_SOCKET "s", "the absolute path of a socket" },
	{ "push", "path", "api", "a URL path" },
	{ "push", "path", "/api/", "a URL path" },
	{ "push", "path", "/", "a URL path" },
	{ "push", "path", "/a//b", "a URL path" },
	{ "push", "path", "/a?b", "a URL path" },
	{ "push", "when-full", "evict", "one of evict-oldest, refuse-newest" },
	{ "away", "run", "mail", "the absolute path of a program" },
	{ "away", "run", "/", "the absolute path of a program" },
	{ "away", "url", "http://example.org/", "begins with https://" },
	{ "away", "url", "http://localhost.example.org/", "begins with https://" },
	{ "away", "url", "http://localhost@example.org/", "begins with https://" },
	{ "away", "url", "http://127.0.0.1:80@example.org/", "begins with https://" },
	{ "away", "url", "http://[::1]x/", "begins with https://" },
	{ "away", "url", "https://", "begins with https://" },
	{ "away", "url", "https:///path", "begins with https://" },
	{ "away", "url", "https://a b/", "begins with https://" },
	{ "away", "url", "ftp://localhost/", "begins with https://" },
	{ "away", "secret-file", "secret", "an absolute path" },
	{ "away", "after", "0s", "a time from 1s to 7d, with s, m, h or d behind the number" },
	{ "away", "after", "691200s", "a time from 1s to 7d" },
	{ "away", "after", "18446744073709551615d", "a time" },
	{ "away", "after", "15", "a time" },
	{ "away", "after", "15M", "a time" },
	{ "away", "after", "1h30m", "a time" },
	{ "away", "after", "m", "a time" },
	{ "away", "after", "", "a time" },
	{ "away", "types", "info,fatal", "one of info, success, warning, error" },
	{ "away", "categories", "A", "a category" },
	{ "away", "user", "", "must not be empty" },
};

/* What is taken where the rest is in order. */
static void test_receivers(void)
{
	static const char *const urls[] = { "https://example.org", "https://u:p@example.org:8443/a?b#c",
		"http://localhost", "http://localhost:8080/x", "http://127.0.0.1/", "http://[::1]:1?x" };

	for (size_t i = 0; i < ARRAY_LENGTH(urls); i++) {
		_cleanup_(freeing_config_free) struct config *config = NULL;
		_cleanup_(buffer_release) struct buffer problems = { 0 };

		ok_int_equal(load(&config, &problems, "[away]\nsecret-file = /s\nurl = %s\n", urls[i]),
			0, "url = %s: accepted", urls[i]);
		tap_ok(config && config_has_away(config), "and is somebody to tell");
	}
}
/* clang-format on */

static void test_accepted_values(void)
{
	ok_int_equal(strlen(LONGEST_SOCKET), 107, "the longest socket path is 107 bytes");
	for (size_t i = 0; i < ARRAY_LENGTH(accepted); i++) {
		const char *section = accepted[i].section, *name = accepted[i].name;
		const char *value = accepted[i].value, *formatted = accepted[i].formatted;
		_cleanup_(freeing_config_free) struct config *config = NULL;
		_cleanup_(buffer_release) struct buffer problems = { 0 };
		int result = load(&config, &problems, "[%s]\n%s = %s\n", section, name, value);

		if (ok_int_equal(result, 0, "%s = %s: accepted", name, value))
			check_format(config, index_of(section, name),
				strcmp(formatted, "=") == 0 ? value : formatted, name);
		ok_string_equal(buffer_string(&problems), "", "%s = %s: nothing said", name, value);
	}
}

static void test_refused_values(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
		const char *name = refused[i].name, *value = refused[i].value;
		_cleanup_(freeing_config_free) struct config *config = NULL;
		_cleanup_(buffer_release) struct buffer problems = { 0 };
		char place[128];
		int result = load(&config, &problems, "[%s]\n%s = %s\n", refused[i].section, name,
			value);

		snprintf(place, sizeof(place), "%s:2: %s: ", path, name);
		ok_int_equal(result, CONFIG_INVALID, "%s = %s: refused", name, value);
		tap_ok(strncmp(buffer_string(&problems), place, strlen(place)) == 0,
			"%s = %s: the place is named", name, value);
		if (!tap_ok(strstr(buffer_string(&problems), refused[i].sentence),
			    "%s = %s: says %s", name, value, refused[i].sentence))
			tap_note("%s", buffer_string(&problems));
	}
}

static void test_text_length(void)
{
	_cleanup_(freeing_config_free) struct config *longest = NULL, *none = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };

	ok_int_equal(load(&longest, &problems, "[auth]\nissuer=%01024d\n", 0), 0,
		"a text of 1024 bytes");
	ok_int_equal(strlen(longest->auth.issuer), 1024, "is whole");
	ok_int_equal(load(&none, &problems, "[auth]\nissuer=%01025d\n", 0), CONFIG_INVALID,
		"a text of 1025 bytes");
	tap_ok(strstr(buffer_string(&problems), ":2: issuer: is longer than 1024 bytes\n"),
		"is said to be too long");
}

static bool has_limits(const struct config_key *key)
{
	return key->kind == CONFIG_NUMBER || key->kind == CONFIG_SIZE ||
	       key->kind == CONFIG_DURATION;
}

/* Sets a number, and what would contradict it to something that does not. */
static void check_limit(const struct config_key *key, uint64_t value, int expected)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	const char *others = "";

	if (strcmp(key->name, "max-connections-per-user") == 0)
		others = "max-connections = 1000000\n";
	if (strcmp(key->name, "max-connections") == 0)
		others = "max-connections-per-user = 1\n";
	if (strcmp(key->name, "max-age") == 0)
		others = "after = 1s\n";
	if (strcmp(key->name, "after") == 0)
		others = "max-age = 365d\n";
	ok_int_equal(load(&config, &problems, "[%s]\n%s%s = %ju%s\n", key->section, others, key->name,
			     (uintmax_t)value, key->kind == CONFIG_DURATION ? "s" : ""),
		expected, "%s = %ju", key->name, (uintmax_t)value);
}

static void test_limits(void)
{
	for (const struct config_key *key = config_keys(); key->section; key++) {
		if (!has_limits(key))
			continue;
		check_limit(key, key->min, 0);
		check_limit(key, key->max, 0);
		check_limit(key, key->max + 1, CONFIG_INVALID);
		if (key->min > 0)
			check_limit(key, key->min - 1, CONFIG_INVALID);
	}
}

static void test_defaults(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	const struct config_key *keys = config_keys();
	size_t count = 0;

	ok_int_equal(load(&config, &problems, "%s", ""), 0, "an empty file");
	for (; keys[count].section; count++)
		check_format(config, count, keys[count].default_value, keys[count].name);
	ok_int_equal(count, 58, "all keys of the page");
	ok_string_equal(config->store.engine, "bdb", "a string");
	ok_int_equal(config->store.cache, 64 << 20, "a size");
	ok_int_equal(config->store.durability, DURABILITY_SYNC, "a choice");
	ok_int_equal(config->push.when_full, WHEN_FULL_EVICT_OLDEST, "another choice");
	ok_int_equal(config->push.max_connections_per_user, 5, "a number");
	tap_ok(!config->auth.query_token, "a switch");
	ok_string_equal(config->auth.keys_dir, "", "an unset path is empty");
	tap_ok(config->web.allowed_origins && !config->web.allowed_origins[0], "an empty list");
	ok_string_equal(config->auth.publisher_roles[0], "admin", "a list's first item");
	ok_string_equal(config->auth.publisher_roles[1], "service", "its second");
	tap_ok(!config->auth.publisher_roles[2], "its end");
}

/* A file that says the defaults is no different from one that says nothing. */
static void test_written_defaults(void)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer text = { 0 }, problems = { 0 };
	const struct config_key *keys = config_keys();

	for (size_t i = 0; keys[i].section; i++) {
		if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
			buffer_print(&text, "[%s]\n", keys[i].section);
		buffer_print(&text, "%s = %s\n", keys[i].name, keys[i].default_value);
	}
	ok_int_equal(load(&config, &problems, "%s", buffer_string(&text)), 0,
		"all defaults written out");
	for (size_t i = 0; keys[i].section; i++)
		check_format(config, i, keys[i].default_value, keys[i].name);
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0 || close(fd) < 0)
		abort();
	test_defaults();
	test_written_defaults();
	test_accepted_values();
	test_receivers();
	test_refused_values();
	test_text_length();
	test_limits();
	unlink(path);
	return tap_done();
}
