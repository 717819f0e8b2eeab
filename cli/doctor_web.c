/*
 * tidings doctor: what the web server passes on of plain requests, and the settings that help
 * where it does not.
 */
#include "cli/doctor.h"

#include "cli/fetch.h"
#include "lib/timestamp.h"

#include <strings.h>

enum { TIMEOUT = 10000 /* milliseconds */ };

/* ---- settings ---- */

enum server { APACHE, LIGHTTPD, NGINX, SERVERS };

/* What begins their Server header, and what to set in them, as the samples of conf/ do. */
static const struct {
	const char *name;
	const char *settings[SETTINGS];
} servers[SERVERS] = {
	[APACHE] = { "Apache", { [SETTING_AUTHORIZATION] = "CGIPassAuth On",
				       [SETTING_UPGRADE] = "upgrade=websocket in its ProxyPass",
				       [SETTING_STREAM] = "SetEnv no-gzip 1, SetEnv no-brotli 1",
				       [SETTING_TIMEOUT] = "timeout=90 in its ProxyPass" } },
	[LIGHTTPD] = { "lighttpd",
		{ [SETTING_AUTHORIZATION] = "no setenv.set-request-header and no auth.backend that "
					    "takes Authorization away",
			[SETTING_UPGRADE] = "proxy.header = (\"upgrade\" => \"enable\")",
			[SETTING_STREAM] = "server.stream-response-body = 2",
			[SETTING_TIMEOUT] = "\"read-timeout\" => 90, server.max-read-idle = 90" } },
	[NGINX] = { "nginx",
		{ [SETTING_AUTHORIZATION] = "no fastcgi_param HTTP_AUTHORIZATION, and "
					    "fastcgi_pass_request_headers on",
			[SETTING_UPGRADE] = "proxy_http_version 1.1, proxy_set_header Upgrade "
					    "$http_upgrade, proxy_set_header Connection upgrade",
			[SETTING_STREAM] = "proxy_buffering off, gzip off",
			[SETTING_TIMEOUT] = "proxy_read_timeout 90s, proxy_send_timeout 90s" } },
};

static bool is_server(const struct doctor *doctor, size_t i)
{
	const char *name = servers[i].name;

	return doctor->server && strncasecmp(doctor->server, name, strlen(name)) == 0;
}

void doctor_advise_setting(struct doctor *doctor, enum doctor_setting setting)
{
	_cleanup_(buffer_release) struct buffer all = { 0 };

	for (size_t i = 0; i < SERVERS; i++) {
		if (is_server(doctor, i)) {
			doctor_advise(doctor, "%s: %s", servers[i].name,
				servers[i].settings[setting]);
			return;
		}
		buffer_print(&all, "%s%s: %s", i > 0 ? "; " : "", servers[i].name,
			servers[i].settings[setting]);
	}
	if (buffer_string(&all))
		doctor_advise(doctor, "%s", all.data);
}

/* ---- the web server itself ---- */

/* Tokens have times in them: the clocks must agree about as well as `leeway` has it. */
static void judge_date(struct doctor *doctor, int64_t date)
{
	int64_t difference = date - timestamp_now() / 1000;
	int64_t leeway = (int64_t)doctor->tool.config->auth.leeway + 2; /* it tells whole seconds */

	if (date < 0 || (difference <= leeway && difference >= -leeway))
		return;
	doctor_say(doctor, DOCTOR_WARNING, "its clock differs from the one here by %lld seconds",
		(long long)difference);
	doctor_advise(doctor, "set both by NTP, or give leeway a larger value");
}

static const char where_to[] = "have the web server pass the path of --url to the socket of "
			       "notifications.fcgi, by FastCGI: notifications.fcgi(8)";

static const struct {
	unsigned status;
	const char *finding;
	const char *remedy;
} bad_answers[] = {
	{ 301, "the web server sends it elsewhere", "give --url as browsers have it: https://…" },
	{ 302, "the web server sends it elsewhere", "give --url as browsers have it: https://…" },
	{ 308, "the web server sends it elsewhere", "give --url as browsers have it: https://…" },
	{ 403, "the web server forbids this path", where_to },
	{ 404, "nothing is at this path", where_to },
	{ 500, "the web server could not ask the REST program", "its log of errors tells why" },
	{ 502, "the web server cannot reach the REST program",
		"start it, and have the web server's user be in the group of its socket" },
	{ 504, "the REST program does not answer", "its log tells why" },
	{ 0, "this answer is not that of the REST program", where_to },
};

static void judge_health(struct doctor *doctor, const struct fetch_answer *answer)
{
	bool ours = answer->body.len > 0 && answer->body.data[0] == '{';
	size_t i = 0;

	if (ours && answer->status == 200) {
		doctor_say(doctor, DOCTOR_OK, "it reaches the REST program, which is well");
		return;
	}
	if (ours && answer->status == 503) {
		doctor->unwell = true;
		doctor_say(doctor, DOCTOR_FAILURE,
			"it reaches the REST program, but that cannot reach the store or the push "
			"daemon");
		doctor_advise(doctor, "see what is said of them above; api-users of the "
				      "configuration must name the user of the REST program");
		return;
	}
	while (bad_answers[i].status != answer->status && bad_answers[i].status != 0)
		i++;
	doctor_say(doctor, DOCTOR_FAILURE, "%s/healthz: status %u: %s", doctor->url, answer->status,
		bad_answers[i].finding);
	doctor_advise(doctor, "%s", bad_answers[i].remedy);
}

void doctor_web(struct doctor *doctor)
{
	_cleanup_(fetch_answer_release) struct fetch_answer answer = { 0 };
	char problem[FETCH_PROBLEM_SIZE];

	if (fetch_get(doctor->url, "/healthz", NULL, TIMEOUT, &answer, problem) < 0) {
		doctor_say(doctor, DOCTOR_FAILURE, "%s: %s", doctor->url, problem);
		doctor_advise(doctor, "start the web server, or give another --url");
		return;
	}
	if (buffer_string(&answer.server))
		doctor->server = take(answer.server.data);
	answer.server = (struct buffer){ 0 };
	judge_health(doctor, &answer);
	judge_date(doctor, answer.date);
}

/* ---- Authorization ---- */

static void judge_refusal(struct doctor *doctor, const struct fetch_answer *answer)
{
	_cleanup_(freeing_json) struct json_object *body = NULL;
	struct slice code = { 0 };

	if (json_parse(buffer_slice(&answer->body), &body) == 0)
		code = json_string(json_object_object_get(body, "code"));
	if (slice_is(code, "token_missing")) {
		doctor_say(doctor, DOCTOR_FAILURE,
			"the web server drops the header Authorization of a request");
		doctor_advise_setting(doctor, SETTING_AUTHORIZATION);
	} else {
		doctor_say(doctor, DOCTOR_FAILURE, "a valid token is refused with status %u%s%.*s",
			answer->status, code.len > 0 ? ", " : "", (int)code.len,
			code.data ? code.data : "");
		if (code.len > 0)
			doctor_advise(doctor,
				"have the REST program use this configuration and "
				"its key: systemctl try-reload-or-restart tidings-api");
	}
}

void doctor_authorization(struct doctor *doctor)
{
	_cleanup_(fetch_answer_release) struct fetch_answer answer = { 0 };
	const char *token = doctor_token(doctor);
	char problem[FETCH_PROBLEM_SIZE];

	if (!token)
		return;
	if (fetch_get(doctor->url, "/unread-count", token, TIMEOUT, &answer, problem) < 0)
		doctor_say(doctor, DOCTOR_UNCHECKED, "%s", problem);
	else if (answer.status == 200 || (answer.status == 503 && doctor->unwell))
		doctor_say(doctor, DOCTOR_OK, "the web server passes it");
	else if (answer.status == 401)
		judge_refusal(doctor, &answer);
	else
		doctor_say(doctor, DOCTOR_UNCHECKED, "%s/unread-count: status %u", doctor->url,
			answer.status);
}
