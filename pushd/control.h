/*
 * What those may ask who look after the push daemon, tidings-pushd(8): one JSON object a line,
 * answered by one JSON object a line. No input or output; control_socket.h has that.
 */
#pragma once

#include "lib/peer.h"
#include "pushd/hub.h"

enum {
	CONTROL_LINE_MAX = 4096,	 /* bytes of a request, without the end of its line */
	CONTROL_ANSWER_MAX = 512 * 1024, /* bytes of an answer, with it */
};

/* Whether a peer with this right may ask anything at all. */
bool control_permits(enum peer_right right);

/*
 * Does what a line asks for, if it is a request and this right allows it, and appends the
 * answer's line. Sessions may be dead afterwards. If *to has failed then memory ran out, and
 * there is no answer.
 *
 * Whatever is asked, but for the end of all connections, is bounded work.
 */
void control_answer(struct hub *hub, enum peer_right right, struct slice line, struct buffer *to);

/* Appends the line that tells a failure: a word for programs and a sentence for people. */
void control_fail(struct buffer *to, const char *code, const char *sentence);
