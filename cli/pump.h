/*
 * From lines of input to requests, many under way at a time, for as long as
 * there are lines. What becomes of a line, and of an answer, the user of it says.
 *
 * While the store restarts, what was not yet sent waits. A store that stays away
 * ends the run.
 */
#pragma once

#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/tool.h"

struct pump;

struct pump_user {
	unsigned window; /* requests under way at a time */
	void (*line)(struct pump *pump, struct slice line);
	void (*too_long)(struct pump *pump); /* in place of a line */
	void (*end)(struct pump *pump);	     /* no line will come any more; NULL = nothing to do */
	void (*progress)(struct pump *pump); /* shows how far it is */
};

struct pump {
	const struct pump_user *user;
	struct tool *tool;
	const char *input; /* what the lines are read from */
	struct lines lines;
	struct progress progress;
	int status;   /* the exit status so far */
	bool stopped; /* no further line shall be taken */
	unsigned under_way;
	uint64_t submitted; /* the line that was taken when the last request was */
	int connection;	    /* what inbox_dispatch() said last */
	int64_t heard;	    /* when the last answer came, or the first request went */
	bool unreachable;   /* told once, not for each request */
	bool disconnected;  /* what is still under way was never sent */
};

/* Of the lines of fd, which stays the caller's. `done` is what the progress calls what is done. */
struct pump pump_begin(const struct pump_user *user, struct tool *tool, int fd, const char *input,
	const char *done);

/* inbox_submit(). `answered` must call pump_answered() first. Returns 0 or -errno. */
int pump_submit(struct pump *pump, const struct inbox_request *request, inbox_answered *answered,
	void *context);

void pump_answered(struct pump *pump);

/* Until the lines have ended, or it was stopped, and all is answered. */
void pump_run(struct pump *pump);

void pump_end(struct pump *pump);

/* Puts the status of a part to that of the whole, and clears the way for a message. */
void pump_fail(struct pump *pump, int status);
