/*
 * tidings doctor: what keeps an installation from working, or a user from hearing anything, with
 * the remedy for each.
 *
 * The checks run in the order of a table: what is at the bottom first, for what stands on it
 * fails, too. None changes anything, but that the store gets to know a user tidings-doctor, for
 * whom the web server is asked. It looks as whoever runs it; root sees most.
 */
#include "cli/doctor.h"

#include "cli/subcommands.h"

#include <errno.h>
#include <signal.h>

struct arguments {
	const char *url;
	const char *token;
	const char *user;
	const char *web_config;
	bool patient;
	struct tool_options common;
};

static const struct option_spec options[] = {
	{ .name = "url",
		.argument = "URL",
		.help = "also try by the web server, https://example.org/api/notifications",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, url) },
	{ .name = "token",
		.argument = "TOKEN",
		.help = "ask the web server with this token (one made with the key)",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, token) },
	{ .name = "patient",
		.help = "also wait whether the web server cuts off what is silent",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct arguments, patient) },
	{ .name = "web-config",
		.argument = "FILE",
		.help = "look there for the web server's limit of connections",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, web_config) },
	{ .name = "user",
		.letter = 'u',
		.argument = "USER",
		.help = "tell why this user hears nothing",
		.kind = OPTION_STRING,
		.offset = offsetof(struct arguments, user) },
	TOOL_OPTIONS(struct arguments),
};

const struct command_spec doctor_command = {
	.name = "tidings doctor",
	.operands = "",
	.purpose = "Find what keeps tidings from working.",
	.options = options,
};

struct check {
	const char *name;
	doctor_check *run;
	bool through_web; /* only with --url */
};

/* The first one reads the configuration; without it nothing else can be looked at. */
static const struct check of_installation[] = {
	{ "configuration", doctor_configuration, false },
	{ "keys", doctor_keys, false },
	{ "publisher keys", doctor_publishers, false },
	{ "users", doctor_users, false },
	{ "services", doctor_services, false },
	{ "sockets", doctor_sockets, false },
	{ "store", doctor_store, false },
	{ "push daemon", doctor_push_daemon, false },
	{ "log", doctor_log, false },
	{ "feed", doctor_feed, false },
	{ "descriptors", doctor_descriptors, false },
	{ "away", doctor_away, false },
	{ "clock", doctor_clock, false },
	{ "web server", doctor_web, true },
	{ "authorization", doctor_authorization, true },
	{ "websocket", doctor_websocket, true },
	{ "stream", doctor_stream, true },
	{ "idle", doctor_idle, true },
	{ "connections", doctor_connections, false },
	{ 0 },
};

static const struct check of_user[] = {
	{ "configuration", doctor_configuration, false },
	{ "inbox", doctor_inbox, false },
	{ "tokens", doctor_tokens, false },
	{ "sessions", doctor_sessions, false },
	{ "last refusal", doctor_refusal, false },
	{ 0 },
};

static void run(struct doctor *doctor, const struct check *checks)
{
	for (const struct check *check = checks; check->name; check++) {
		doctor->check = check->name;
		if (check->through_web && !doctor->url)
			doctor_say(doctor, DOCTOR_UNCHECKED, "give --url to have it tried");
		else
			check->run(doctor);
		if (!doctor->tool.config)
			return;
	}
}

/* Without the slashes at its end: paths follow that begin with one. NULL: out of memory. */
static char *trim(const char *url)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	return strndup(url, len);
}

static bool is_web_address(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

int doctor_run(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	_cleanup_(doctor_release) struct doctor doctor = { 0 };
	int operands;
	int result = options_parse(&doctor_command, argc, argv, &arguments, &operands);

	if (result != 0)
		return tool_usage(result);
	if (arguments.user && !tool_check_user(&doctor_command, arguments.user))
		return TOOL_USAGE;
	if (arguments.url && !is_web_address(arguments.url))
		return tool_refuse(&doctor_command, "--url must begin with http:// or https://");
	signal(SIGPIPE, SIG_IGN); /* TLS writes to connections that a server may have closed */
	doctor = (struct doctor){
		.config_path = config_path(arguments.common.config),
		.token = arguments.token,
		.user = arguments.user,
		.web_config = arguments.web_config,
		.patient = arguments.patient,
		.tool = { .command = &doctor_command, .json = arguments.common.json },
	};
	if (arguments.url && !(doctor.url = trim(arguments.url))) {
		tool_complain(&doctor_command, "%s", strerror(ENOMEM));
		return TOOL_FAILED;
	}
	run(&doctor, arguments.user ? of_user : of_installation);
	return doctor_print(&doctor);
}
