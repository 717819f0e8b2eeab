/*
 * The figures of one moment, as the push daemon and the store tell them: those of GET /stats.
 */
#pragma once

#include "cgi/application.h"
#include "lib/stats.h"

struct snapshot {
	int64_t time;		  /* milliseconds since the epoch */
	struct buffer text;	  /* the answer of GET /stats … */
	struct json_object *json; /* … and the same to look things up in */
	int push;		  /* 0, or why there are no figures: as of control_call() */
	int store;		  /* the same: as of inbox_call() */
};

/*
 * Asks both, each for a second at most, in the name of `caller`. Returns 0 and a snapshot to
 * release, with whatever could be had, or -ENOMEM.
 */
int snapshot_take(const struct application *application, const struct inbox_caller *caller,
	struct snapshot *ret_snapshot);

void snapshot_release(struct snapshot *snapshot);

/* What is at a path like "push.connections.open"; NULL if nothing is. */
struct json_object *snapshot_find(struct json_object *json, const char *path);

/* The same where it is a number, or true (1) or false (0); NAN if it is not. */
double snapshot_number(struct json_object *json, const char *path);
