/*
 * notifications.fcgi: the REST interface to the inboxes. All that it knows of
 * its addresses is this table; the base is wherever the web server maps it.
 */
#include "cgi/notifications.h"

#include "cgi/program.h"

static const char *const no_parameters[] = { NULL };
static const char *const list_parameters[] = {
	"limit",
	"cursor",
	"offset",
	"unread",
	"type",
	"category",
	NULL,
};
static const char *const delete_parameters[] = { "all", "read", NULL };

/* Who may, and what body there is */
#define USER	  AUTH_USER, ROUTE_NO_BODY
#define CREATOR	  AUTH_PUBLISHER, ROUTE_JSON
#define BATCH	  AUTH_PUBLISHER, ROUTE_LARGE_JSON
#define PUBLISHER AUTH_PUBLISHER, ROUTE_NO_BODY
#define ADMIN	  AUTH_ADMIN, ROUTE_NO_BODY
#define MANAGER	  AUTH_ADMIN, ROUTE_JSON
#define ANYONE	  AUTH_ANYONE, ROUTE_NO_BODY

static const struct route routes[] = {
	{ "GET", "/", USER, list_parameters, notifications_list },
	{ "POST", "/", CREATOR, no_parameters, notifications_create },
	{ "DELETE", "/", USER, delete_parameters, notifications_delete_many },
	{ "GET", "/unread-count", USER, no_parameters, notifications_count },
	{ "POST", "/read-all", USER, no_parameters, notifications_read_all },
	{ "POST", "/seen", USER, no_parameters, notifications_seen },
	{ "GET", "/ID", USER, no_parameters, notifications_get },
	{ "DELETE", "/ID", USER, no_parameters, notifications_delete },
	{ "PATCH", "/ID/read", USER, no_parameters, notifications_mark_read },
	{ "PATCH", "/ID/unread", USER, no_parameters, notifications_mark_unread },
	{ "POST", "/batch", BATCH, no_parameters, notifications_create_batch },
	{ "POST", "/broadcast", CREATOR, no_parameters, notifications_broadcast },
	{ "DELETE", "/broadcast/ID", PUBLISHER, no_parameters, notifications_withdraw_broadcast },
	{ "DELETE", "/users/USER/notifications/ID", PUBLISHER, no_parameters,
		notifications_withdraw },
	{ "DELETE", "/users/USER", ADMIN, no_parameters, notifications_forget },
	{ "GET", "/stats", ADMIN, no_parameters, notifications_stats },
	{ "POST", "/disconnect", MANAGER, no_parameters, notifications_disconnect },
	{ "GET", "/healthz", ANYONE, no_parameters, notifications_healthz },
	{ 0 },
};

static const char *path(const struct config *config)
{
	return config->push.path;
}

static const struct program program = {
	.name = "notifications.fcgi",
	.purpose = "Answers the REST requests of tidings, by FastCGI or plain CGI.",
	.routes = routes,
	.path = path,
	.keys_needed = true,
};

int main(int argc, char **argv)
{
	return program_run(&program, argc, argv);
}
