/*
 * From a request to its handler. A program declares what it answers in a table
 * of routes; everything that is the same for all of them (path, method, token,
 * right, query, body) is checked here, before the handler runs.
 */
#pragma once

#include "cgi/answer.h"
#include "cgi/application.h"
#include "cgi/auth.h"
#include "cgi/http.h"
#include "cgi/path.h"

enum route_body {
	ROUTE_NO_BODY,	  /* empty, or an empty JSON object */
	ROUTE_JSON,	  /* application/json, handed on unparsed */
	ROUTE_LARGE_JSON, /* the same, but up to ROUTE_LARGE_BODY, whatever max-body says */
};

enum { ROUTE_LARGE_BODY = 4 << 20 /* bytes; max-body cannot be more */ };

/* One request while it is answered. */
struct exchange {
	const struct application *application;
	const struct http_request *request;
	struct path path;
	struct path_words words;    /* what ID and USER in the route's path stand for; USER valid */
	struct principal principal; /* not for AUTH_ANYONE */
	struct http_query query;    /* holds names from the route's list only */
	struct answer *answer;	    /* status is 200 until the handler says otherwise */
};

struct route {
	const char *method;
	const char *path; /* below the base, as path_fits() reads it */
	enum auth_right right;
	enum route_body body;
	const char *const *parameters; /* names that the query may hold, ended by NULL */
	void (*handle)(struct exchange *exchange);
};

/* How many bytes the body of this request may have. */
size_t route_body_limit(const struct route *routes, const struct application *application,
	const struct http_request *request);

/*
 * Answers a request by the first route that fits, in a table ended by a NULL
 * method. GET also answers HEAD; OPTIONS is answered for every path.
 */
void route_answer(const struct route *routes, const struct application *application,
	const struct http_request *request, struct answer *answer);

/* 400 because of one thing in the request: the name of a query parameter, a header or "". */
void route_refuse_field(struct answer *answer, const char *field, const char *problem);

/*
 * Asks the store in the name of the principal, and of the principal's own inbox where the
 * operation is about one user and the request names none. As inbox_call().
 */
int route_call_store(struct exchange *exchange, const struct inbox_request *request,
	struct inbox_answer *ret_answer);

/* Answers a request that the store has not done: with what inbox_call() returned, not 0. */
void route_refuse_for_store(struct exchange *exchange, const struct inbox_request *request,
	int result);

/* Both: returns 0 and an answer to release; else what inbox_call() returned, answered already. */
int route_ask_store(struct exchange *exchange, const struct inbox_request *request,
	struct inbox_answer *ret_answer);
