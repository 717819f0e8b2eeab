/*
 * status.fcgi: how tidings is, for a browser, a program and Prometheus. All that it knows of its
 * addresses is this table; the base is wherever the web server maps it.
 *
 * It is made like the status pages of web servers: whoever is near, by the address, may look,
 * and so may an administrator with a token. It holds no right but to see figures: the daemons
 * give no contents to its user, and names of users only of clients that are too slow.
 *
 * Rates and plots need figures of before. Those its one worker keeps, see history.h; a reload
 * begins anew.
 */
#include "cgi/history.h"
#include "cgi/metrics.h"
#include "cgi/program.h"
#include "cgi/status_files.h"
#include "cgi/status_page.h"
#include "lib/clock.h"

enum {
	SLOW_MAX = 20,	       /* clients that are told */
	SLOW_PAGES = 20,       /* of the control socket, in search of them */
	SLOW_TIMEOUT_MS = 500, /* of one */
	REFRESH_MIN = 1,
	REFRESH_MAX = 3600,
};

/* Nothing from elsewhere, and nothing inline. */
static const char POLICY[] = "default-src 'self'; base-uri 'none'; form-action 'none'; "
			     "frame-ancestors 'none'";

/* The figures, in the name of whoever asks. False if it is answered that there are none. */
static bool look(struct exchange *exchange, struct snapshot *ret_snapshot)
{
	const struct principal *principal = &exchange->principal;
	struct inbox_caller caller = { slice_of(principal->user), principal->issued };
	struct history *history = exchange->application->memory;

	if (snapshot_take(exchange->application, &caller, ret_snapshot) < 0) {
		answer_refuse(exchange->answer, 503, "The service is short of memory");
		return false;
	}
	if (ret_snapshot->store == INBOX_REVOKED) {
		auth_refuse(exchange->answer, TOKEN_REVOKED);
		return false;
	}
	if (history)
		history_note(history, ret_snapshot, clock_ms(), true);
	return true;
}

/* ---- the page ---- */

/* Adds a page of slow clients; *after moves on. False when there are no more. */
static bool add_slow(const struct application *application, int64_t *after,
	struct json_object *clients)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	char request[96];
	struct json_object *page;
	uint64_t next;

	snprintf(request, sizeof(request),
		"{\"command\":\"connections\",\"slow\":true,\"limit\":%d,\"after\":%lld}", SLOW_MAX,
		(long long)*after);
	if (control_call(application->config, slice_of(request), SLOW_TIMEOUT_MS, &answer) != 0)
		return false;
	page = json_object_object_get(answer.json, "connections");
	for (size_t i = 0; i < json_object_array_length(page); i++)
		json_object_array_add(clients, json_object_get(json_object_array_get_idx(page, i)));
	if (control_number(&answer, "next", &next) < 0)
		return false;
	*after = (int64_t)next;
	return json_object_array_length(clients) < SLOW_MAX;
}

/* An array to be released. */
static struct json_object *find_slow(const struct application *application)
{
	struct json_object *clients = json_object_new_array();
	int64_t after = 0;

	for (int i = 0; clients && i < SLOW_PAGES; i++)
		if (!add_slow(application, &after, clients))
			break;
	return clients;
}

static void answer_page(struct exchange *exchange, const struct snapshot *snapshot)
{
	_cleanup_(freeing_json) struct json_object *slow =
		snapshot->push == 0 ? find_slow(exchange->application) : NULL;
	struct status_view view = {
		.snapshot = snapshot,
		.history = exchange->application->memory,
		.slow = slow,
		.base = exchange->path.base,
		.host = http_text(exchange->request, "SERVER_NAME"),
	};

	exchange->answer->type = "text/html; charset=utf-8";
	status_page_append(&exchange->answer->body, &view);
}

/* ---- requests ---- */

/* By the parameter, or else by what the client takes. Returns whether it is a format. */
static bool wants_json(struct exchange *exchange, bool *ret_json)
{
	const char *accept = http_text(exchange->request, "HTTP_ACCEPT");
	struct slice format;

	*ret_json = strstr(accept, "application/json") && !strstr(accept, "text/html");
	if (!http_query_find(&exchange->query, "format", &format))
		return true;
	*ret_json = slice_is(format, "json");
	if (*ret_json || slice_is(format, "html"))
		return true;
	route_refuse_field(exchange->answer, "format", "must be html or json");
	return false;
}

/* Has the browser load it again, as often as it was asked to; scripts are not needed for that. */
static bool set_refresh(struct exchange *exchange)
{
	struct slice text;
	uint64_t seconds;
	char value[8];

	if (!http_query_find(&exchange->query, "refresh", &text))
		return true;
	if (http_number_parse(text, REFRESH_MIN, REFRESH_MAX, &seconds) < 0) {
		route_refuse_field(exchange->answer, "refresh",
			"must be a number of seconds from 1 to 3600");
		return false;
	}
	snprintf(value, sizeof(value), "%u", (unsigned)seconds);
	answer_header(exchange->answer, "Refresh", value);
	return true;
}

static void handle_status(struct exchange *exchange)
{
	_cleanup_(snapshot_release) struct snapshot snapshot = { 0 };
	bool json;

	if (!wants_json(exchange, &json) || !set_refresh(exchange) || !look(exchange, &snapshot))
		return;
	answer_header(exchange->answer, "Vary", "Accept");
	answer_header(exchange->answer, "Content-Security-Policy", POLICY);
	answer_header(exchange->answer, "Referrer-Policy", "no-referrer");
	if (json)
		buffer_append_slice(&exchange->answer->body, buffer_slice(&snapshot.text));
	else
		answer_page(exchange, &snapshot);
}

static void handle_metrics(struct exchange *exchange)
{
	_cleanup_(snapshot_release) struct snapshot snapshot = { 0 };

	if (!look(exchange, &snapshot))
		return;
	exchange->answer->type = METRICS_TYPE;
	metrics_format(&exchange->answer->body, snapshot.json);
}

/* One of the files that belong to the page. */
static void answer_file(struct exchange *exchange, const char *type, struct slice text)
{
	exchange->answer->type = type;
	exchange->answer->cache_control = "public, max-age=60";
	buffer_append_slice(&exchange->answer->body, text);
}

static void handle_style(struct exchange *exchange)
{
	answer_file(exchange, "text/css; charset=utf-8", status_css());
}

static void handle_script(struct exchange *exchange)
{
	answer_file(exchange, "text/javascript; charset=utf-8", status_js());
}

static void handle_icon(struct exchange *exchange)
{
	answer_file(exchange, "image/svg+xml", status_svg());
}

/* ---- the program ---- */

/* Beside requests: figures for the plots. The store is asked by the program, for nobody. */
static int note_figures(const struct application *application)
{
	_cleanup_(snapshot_release) struct snapshot snapshot = { 0 };
	struct history *history = application->memory;
	struct inbox_caller nobody = { 0 };
	int wait = history_wait(history, clock_ms());

	if (wait != 0)
		return wait;
	if (snapshot_take(application, &nobody, &snapshot) < 0)
		return HISTORY_SLOT_MS;
	history_note(history, &snapshot, clock_ms(), false);
	return history_wait(history, clock_ms());
}

static const char *path(const struct config *config)
{
	return config->status.path;
}

static const char *const no_parameters[] = { NULL };
static const char *const page_parameters[] = { "format", "refresh", NULL };

static const struct route routes[] = {
	{ "GET", "/", AUTH_OBSERVER, ROUTE_NO_BODY, page_parameters, handle_status },
	{ "GET", "/metrics", AUTH_OBSERVER, ROUTE_NO_BODY, no_parameters, handle_metrics },
	{ "GET", "/status.css", AUTH_ANYONE, ROUTE_NO_BODY, no_parameters, handle_style },
	{ "GET", "/status.js", AUTH_ANYONE, ROUTE_NO_BODY, no_parameters, handle_script },
	{ "GET", "/icon.svg", AUTH_ANYONE, ROUTE_NO_BODY, no_parameters, handle_icon },
	{ 0 },
};

int main(int argc, char **argv)
{
	struct history history = { 0 };
	struct program program = {
		.name = "status.fcgi",
		.purpose = "Tells how tidings is: a page, JSON and Prometheus metrics.",
		.routes = routes,
		.path = path,
		.workers = 1,
		.memory = &history,
		.tick = note_figures,
	};
	int status = program_run(&program, argc, argv);

	history_release(&history);
	return status;
}
