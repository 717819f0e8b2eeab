/*
 * The path of a request: where the program is mapped, and what is asked of it below
 * that, matched against the patterns of routes.
 */
#pragma once

#include "cgi/http.h"
#include "lib/notification.h"
#include "lib/uuid.h"

/* Slices point into the request's variables or the configuration. */
struct path {
	struct slice base;  /* where the program is mapped, without a slash at its end */
	struct slice below; /* decoded; begins with "/" */
	/*
	 * The same as the client wrote it, so that a slash inside a name is told apart from
	 * one between names; empty if the web server does not tell.
	 */
	struct slice encoded;
};

/*
 * Takes the path apart. A web server that was not told to split it leaves PATH_INFO out
 * and puts all of it into SCRIPT_NAME; then `configured` is the base.
 */
void path_split(const struct http_request *request, const char *configured, struct path *ret_path);

/* What the words in capitals of a pattern stand for. */
struct path_words {
	struct uuid id;
	struct slice user; /* decoded, not checked: any bytes, or none if it is too long */
	char memory[3 * NOTIFICATION_USER_MAX]; /* for `user` to point into */
};

/*
 * Whether the path fits a pattern like "/", "/name", "/ID/name" or "/users/USER". ID is a
 * UUID. USER is one segment, percent-encoded; a pattern with it fits only a path that is
 * known as the client wrote it. If it does not fit the words mean nothing.
 */
bool path_fits(const struct path *path, const char *pattern, struct path_words *ret_words);
