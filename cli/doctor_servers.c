/*
 * tidings doctor: how many connections the web server takes, against max-connections.
 *
 * Only its configuration tells, and that is no simple thing: files include others, and sections
 * hold for some requests only. So this looks for one directive in the usual places, and says what
 * it has found and where. A server that says nothing has its default.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <strings.h>

enum { CONFIG_MAX = 1 << 20 /* bytes of a file */ };

static const struct web_server {
	const char *name;
	const char *const globs[4]; /* where its configuration usually is */
	const char *directive;
	int64_t absent;	     /* what holds without it */
	unsigned per_client; /* connections of the server that each client takes */
	const char *workers; /* the directive for how many times that holds; NULL = once */
	const char *instead; /* without the directive a third of this one counts; NULL */
} web_servers[] = {
	{ "nginx", { "/etc/nginx/nginx.conf", "/etc/nginx/modules-enabled/*.conf" },
		"worker_connections", 512, 2, "worker_processes", NULL },
	{ "Apache",
		{ "/etc/apache2/apache2.conf", "/etc/apache2/mods-enabled/mpm_*.conf",
			"/etc/httpd/conf/httpd.conf", "/etc/httpd/conf.modules.d/*.conf" },
		"MaxRequestWorkers", 400, 1, NULL, NULL },
	{ "lighttpd", { "/etc/lighttpd/lighttpd.conf", "/etc/lighttpd/conf-enabled/*.conf" },
		"server.max-connections", 4096 / 3, 1, NULL, "server.max-fds" },
};

/* ---- reading ---- */

static bool is_one_of(char c, const char *characters)
{
	return c != '\0' && strchr(characters, c);
}

/* The number behind the name at the beginning, or -1; "auto" is as many as processors. */
static int64_t read_statement(struct slice text, const char *name)
{
	size_t at = 0, len = strlen(name);
	int64_t number = 0;
	bool digits = false;

	while (at < text.len && is_one_of(text.data[at], " \t"))
		at++;
	if (text.len - at <= len || strncasecmp(text.data + at, name, len) != 0 ||
		!is_one_of(text.data[at + len], " \t="))
		return -1;
	for (at += len; at < text.len && is_one_of(text.data[at], " \t="); at++)
		;
	if (text.len - at >= 4 && memcmp(text.data + at, "auto", 4) == 0)
		return sysconf(_SC_NPROCESSORS_ONLN);
	for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
		number = number < INT32_MAX ? number * 10 + (text.data[at] - '0') : number;
		digits = true;
	}
	return digits ? number : -1;
}

/* Takes one off a line, "events { NAME 5; }", up to a comment. */
static bool take_statement(struct slice *line, struct slice *ret_statement)
{
	size_t len = 0;

	if (line->len == 0 || *line->data == '#')
		return false;
	while (len < line->len && !is_one_of(line->data[len], "{;#"))
		len++;
	*ret_statement = (struct slice){ line->data, len };
	if (len < line->len && line->data[len] != '#')
		len++;
	*line = (struct slice){ line->data + len, line->len - len };
	return true;
}

int64_t doctor_directive(struct slice text, const char *name)
{
	int64_t found = -1;
	struct slice line, statement;

	while (slice_take_line(&text, &line))
		while (take_statement(&line, &statement)) {
			int64_t number = read_statement(statement, name);

			if (number >= 0)
				found = number;
		}
	return found;
}

static int read_file(const char *path, struct buffer *to)
{
	_cleanup_(closing_file) FILE *file = fopen(path, "re");
	char *at;

	if (!file)
		return -errno;
	buffer_clear(to);
	at = buffer_reserve(to, CONFIG_MAX);
	if (!at)
		return -ENOMEM;
	to->len = fread(at, 1, CONFIG_MAX, file);
	return ferror(file) ? -EIO : 0;
}

/* ---- one server ---- */

struct limit {
	const struct web_server *server;
	int64_t number, workers, instead; /* -1 = nothing says */
	char path[256];			  /* where the number was found, or else the first file */
	bool any;			  /* a file could be read */
};

/* The last file that says it counts. */
static bool take_directive(struct slice text, const char *name, int64_t *number)
{
	int64_t found = name ? doctor_directive(text, name) : -1;

	if (found >= 0)
		*number = found;
	return found >= 0;
}

static void look_into(struct limit *limit, const char *path)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (read_file(path, &text) < 0)
		return;
	if (take_directive(buffer_slice(&text), limit->server->directive, &limit->number) ||
		!limit->any)
		snprintf(limit->path, sizeof(limit->path), "%s", path);
	limit->any = true;
	take_directive(buffer_slice(&text), limit->server->workers, &limit->workers);
	take_directive(buffer_slice(&text), limit->server->instead, &limit->instead);
}

static void look_at(struct limit *limit, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		look_into(limit, found.gl_pathv[i]);
	globfree(&found);
}

static void judge(struct doctor *doctor, const struct limit *limit)
{
	const struct web_server *server = limit->server;
	int64_t absent = limit->instead < 0 ? server->absent : limit->instead / 3;
	int64_t number = limit->number < 0 ? absent : limit->number;
	int64_t clients = number * (limit->workers > 0 ? limit->workers : 1) / server->per_client;
	unsigned wanted = doctor->tool.config->push.max_connections;
	bool fits = clients >= wanted;

	doctor_say(doctor, fits ? DOCTOR_OK : DOCTOR_WARNING,
		"%s: %s is %" PRId64 "%s (%s): %" PRId64 " clients; max-connections is %u",
		server->name, server->directive, number, limit->number < 0 ? ", the default" : "",
		limit->path, clients, wanted);
	if (!fits)
		doctor_advise(doctor,
			"raise it, and the descriptors that %s may have, or lower "
			"max-connections",
			server->name);
}

/* ---- all of them ---- */

/* Of the file that was named: whichever has its directive there. */
static void check_named(struct doctor *doctor)
{
	for (size_t i = 0; i < ARRAY_LENGTH(web_servers); i++) {
		struct limit limit = { &web_servers[i], -1, -1, -1, "", false };

		look_into(&limit, doctor->web_config);
		if (limit.number >= 0 || limit.instead >= 0) {
			judge(doctor, &limit);
			return;
		}
	}
	doctor_say(doctor, DOCTOR_UNCHECKED, "%s: no limit of connections is found there",
		doctor->web_config);
	doctor_advise(doctor, "name the file that has worker_connections (nginx), "
			      "MaxRequestWorkers (Apache) or server.max-connections (lighttpd)");
}

/* Whether it is the one that has answered, as far as that is known. */
static bool concerns(const struct doctor *doctor, const struct web_server *server)
{
	return !doctor->server ||
	       strncasecmp(doctor->server, server->name, strlen(server->name)) == 0;
}

void doctor_connections(struct doctor *doctor)
{
	size_t before = doctor->findings.len;

	if (doctor->web_config) {
		check_named(doctor);
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(web_servers); i++) {
		struct limit limit = { &web_servers[i], -1, -1, -1, "", false };

		if (!concerns(doctor, &web_servers[i]))
			continue;
		for (size_t j = 0; j < ARRAY_LENGTH(web_servers[i].globs); j++)
			if (web_servers[i].globs[j])
				look_at(&limit, web_servers[i].globs[j]);
		if (limit.any)
			judge(doctor, &limit);
	}
	if (doctor->findings.len == before)
		doctor_say(doctor, DOCTOR_UNCHECKED,
			"no configuration of a web server can be read "
			"in the usual places; give --web-config");
}
