/* Paths as web servers tell them, against the patterns of routes. */
#include "cgi/path.h"

#include "tests/tap.h"

#include <stdio.h>

#define ID    "01890a5d-ac96-774b-bcce-b302099a8057"
#define USER  "/users/USER"
#define INBOX "/users/USER/notifications/ID"

static const char CONFIGURED[] = "/api/notifications";

/* The variables of a request, and the request. */
struct variables {
	char text[3][2048];
	char *list[4];
	struct http_request request;
};

static void add(struct variables *variables, const char *name, const char *value)
{
	size_t n = 0;

	if (!value)
		return;
	while (variables->list[n])
		n++;
	snprintf(variables->text[n], sizeof(variables->text[n]), "%s=%s", name, value);
	variables->list[n] = variables->text[n];
}

static void set(struct variables *variables, const char *script, const char *info, const char *uri)
{
	*variables = (struct variables){ .request = { .variables = variables->list } };
	add(variables, "SCRIPT_NAME", script);
	add(variables, "PATH_INFO", info);
	add(variables, "REQUEST_URI", uri);
}

struct path_case {
	const char *script, *info, *uri, *pattern;
	const char *user; /* NULL = does not fit; "" = fits, but the name is none */
};

static void check_user(const struct path_case *c)
{
	static struct variables variables;
	struct path_words words = { 0 };
	struct path path;
	bool fits;

	set(&variables, c->script, c->info, c->uri);
	path_split(&variables.request, CONFIGURED, &path);
	fits = path_fits(&path, c->pattern, &words);
	tap_ok(fits == (c->user != NULL), "%s, that is %s|%s: %s %s", c->uri ? c->uri : "-",
		c->script, c->info ? c->info : "-", c->user ? "fits" : "does not fit", c->pattern);
	if (fits && c->user)
		ok_bytes_equal(words.user.data, words.user.len, c->user, strlen(c->user),
			"its name");
}

/* What lighttpd, nginx and Apache httpd make of a name, and what must not be taken for one. */
static const struct path_case users[] = {
	{ "/n", "/users/anna", "/n/users/anna", USER, "anna" },
	{ "/n", "/users/anna", "/n/users/anna?a=/b", USER, "anna" },
	{ "/n/", "/users/anna", "/n/users/anna", USER, "anna" },
	{ "", "/users/anna", "/users/anna", USER, "anna" },
	{ "/n", "/users/anna", "http://example.org:80/n/users/anna", USER, "anna" },
	{ "/n", "/users/Zo\xc3\xab \"x\"&%", "/n/users/Zo%C3%ab%20%22x%22&%25", USER,
		"Zo\xc3\xab \"x\"&%" },
	{ "/n", "/users/a+b", "/n/users/a+b", USER, "a+b" },
	{ "/n", "/users/%41", "/n/users/%2541", USER, "%41" },
	{ "/n", "/users/a?b#c", "/n/users/a%3Fb%23c", USER, "a?b#c" },
	{ "/n", "/users/a\tb", "/n/users/a%09b", USER, "a\tb" },
	{ "/n", "/users/\xff", "/n/users/%FF", USER, "\xff" },
	{ "/n", "/users/a/b", "/n/users/a%2Fb", USER, "a/b" },
	{ "/n", "/users/a/b", "/n/users/a%2fb", USER, "a/b" },
	{ "/n", "/users/https:/i.example/7", "/n/users/https:%2F%2Fi.example%2F7", USER,
		"https://i.example/7" },
	{ "/n", "/users/a/notifications/" ID, "/n/users/a%2Fnotifications%2F" ID, USER,
		"a/notifications/" ID },
	{ "/n", "/users/a/notifications/" ID, "/n/users/a%2Fnotifications%2F" ID, INBOX, NULL },
	{ "/n", "/users/a/b/notifications/" ID, "/n/users/a%2Fb/notifications/" ID, INBOX, "a/b" },
	{ "/n", "/users/a/b/notifications/" ID, "/n/users/a%2Fb/notifications/" ID, USER, NULL },
	{ "/n", "/users/anna/notifications/" ID, "//n//users/anna/notifications/" ID, INBOX, NULL },
	{ "/n", "/users/anna/notifications/" ID, "//n/users/anna/notifications/" ID, INBOX,
		"anna" },
	{ "/n", "/users/..", "/n/users/%2E%2E", USER, ".." },
	/* Left encoded, all of it or just slashes */
	{ "/n", "/users/a%2Fb%20c", "/n/users/a%2Fb%20c", USER, "a/b c" },
	{ "/n", "/users/a%2Fb c", "/n/users/a%2Fb%20c", USER, "a/b c" },
	{ "/n", "/users/%2541", "/n/users/%2541", USER, "%41" },
	/* Not split */
	{ "/api/notifications/users/a/b", NULL, "/api/notifications/users/a%2Fb", USER, "a/b" },
	{ "/api/notifications/users/a/b", "", "/api/notifications/users/a%2Fb", USER, "a/b" },
	/* The path was tidied: who is meant is not known */
	{ "/n", "/users/b", "/n/users/a%2F..%2Fb", USER, NULL },
	{ "/n", "/users/b", "/n/users/a/../b", USER, NULL },
	{ "/n", "/users/b", "/n/users/.%2Fb", USER, NULL },
	{ "/n", "/users/b", "/n/users/%2e/b", USER, NULL },
	{ "/n", "", "/n/users/%2e%2e", USER, NULL },
	/* Or rewritten, or not told */
	{ "/n", "/users/b", "/n/drop/b", USER, NULL },
	{ "/n", "/seen", "/n/users/b", USER, NULL },
	{ "/n", "/users/b", "/m/users/b", USER, NULL },
	{ "/n", "/users/b", "/users/b", USER, NULL },
	{ "/n", "/users/b", "/n/users/b%", USER, NULL },
	{ "/n", "/users/b", "", USER, NULL },
	{ "/n", "/users/b", "*", USER, NULL },
	{ "/n", "/users/b", "http://h", USER, NULL },
	{ "/n", "/users/b", NULL, USER, NULL },
	/* Not like the pattern */
	{ "/n", "/users", "/n/users", USER, NULL },
	{ "/n", "/users/", "/n/users/", USER, NULL },
	{ "/n", "/users/b/", "/n/users/b/", USER, NULL },
	{ "/n", "/users//b", "/n/users//b", USER, NULL },
	{ "/n", "/users/b/c", "/n/users/b/c", USER, NULL },
	{ "/n", "/users/b/notifications/x", "/n/users/b/notifications/x", INBOX, NULL },
	{ "/n", "/users//notifications/" ID, "/n/users//notifications/" ID, INBOX, NULL },
};

static void test_long_names(void)
{
	static struct variables variables;
	char encoded[1024] = "/n/users/", decoded[512] = "/users/";
	struct path_words words = { 0 };
	struct path path;

	for (size_t len = 1; len <= NOTIFICATION_USER_MAX + 1; len++) {
		strcat(encoded, "%C3");
		strcat(decoded, "\xc3");
	}
	set(&variables, "/n", decoded, encoded);
	path_split(&variables.request, CONFIGURED, &path);
	tap_ok(path_fits(&path, USER, &words), "a name that is too long fits");
	ok_int_equal((intmax_t)words.user.len, 0, "but is none");
	encoded[strlen(encoded) - 3] = decoded[strlen(decoded) - 1] = '\0';
	set(&variables, "/n", decoded, encoded);
	path_split(&variables.request, CONFIGURED, &path);
	tap_ok(path_fits(&path, USER, &words) && words.user.len == NOTIFICATION_USER_MAX,
		"the longest one fits");
}

static const struct {
	const char *script, *info, *uri, *pattern, *base; /* base NULL = does not fit */
} fixed[] = {
	{ "/n", "/read-all", "/n/read-all", "/read-all", "/n" },
	{ "/n", "/read-all", "/n//read-all", "/read-all", "/n" },
	{ "/n", "/read-all", "/n/read-%61ll", "/read-all", "/n" },
	{ "/n", "/read-all", "/elsewhere", "/read-all", "/n" },
	{ "/n", "/read-all", "/n/x/../read-all", "/read-all", "/n" },
	{ "/n", "/" ID "/read", NULL, "/ID/read", "/n" },
	{ "/api/notifications/seen", NULL, "/api/notifications/seen", "/seen", CONFIGURED },
	/* A slash inside a name is none between names */
	{ "/n", "/broadcast/" ID, "/n/broadcast/" ID, "/broadcast/ID", "/n" },
	{ "/n", "/broadcast/" ID, "/n/broadcast%2F" ID, "/broadcast/ID", NULL },
	{ "/n", "/broadcast/" ID, "/n/users/..%2Fbroadcast%2F" ID, "/broadcast/ID", NULL },
	{ "/n", "/" ID, "/n/users/..%2f" ID, "/ID", NULL },
	{ "/n", "/x", "/n%2Fx", "/x", "/n" },
};

static void test_fixed(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++) {
		static struct variables variables;
		struct path_words words = { 0 };
		struct path path;
		bool fits;

		set(&variables, fixed[i].script, fixed[i].info, fixed[i].uri);
		path_split(&variables.request, CONFIGURED, &path);
		fits = path_fits(&path, fixed[i].pattern, &words);
		tap_ok(fits == (fixed[i].base != NULL), "%s, that is %s|%s: %s %s",
			fixed[i].uri ? fixed[i].uri : "-", fixed[i].script,
			fixed[i].info ? fixed[i].info : "-", fits ? "fits" : "does not fit",
			fixed[i].pattern);
		if (fits)
			ok_bytes_equal(path.base.data, path.base.len, fixed[i].base,
				strlen(fixed[i].base), "its base");
	}
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(users); i++)
		check_user(&users[i]);
	test_long_names();
	test_fixed();
	return tap_done();
}
