/* The status page: HTML that needs no script, and that status.js fetches anew to replace it. */
#pragma once

#include "cgi/history.h"
#include "cgi/path.h"

struct status_view {
	const struct snapshot *snapshot;
	const struct history *history; /* NULL = the program answers this one request only */
	struct json_object *slow;      /* an array of clients, as of the control socket; or NULL */
	struct slice base;	       /* the page's path; what belongs to it is below it */
	const char *host;	       /* by which the browser knows the machine */
};

void status_page_append(struct buffer *to, const struct status_view *view);
