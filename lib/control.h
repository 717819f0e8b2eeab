/*
 * The control socket of tidings-pushd, [push] control: what a program asks of the push daemon.
 *
 * A request is one JSON object in a line, an answer is one, too; which there are is told by
 * tidings-pushd(8). Each call makes a connection of its own and waits for the answer.
 */
#pragma once

#include "lib/config.h"
#include "lib/json.h"

enum { CONTROL_RECEIVED_MAX = 1 << 20 /* bytes of an answer with its line feed */ };

/* Zeroed it is empty. */
struct control_answer {
	struct buffer text;	  /* as it came, without the line feed */
	struct json_object *json; /* the same, an object */
};

void control_answer_release(struct control_answer *answer);

enum { CONTROL_REFUSED = 1 };

/*
 * Sends a request (JSON text without a line feed) and waits for its answer, at most `timeout`
 * milliseconds in all. Returns
 *
 *	0		done
 *	CONTROL_REFUSED	the daemon did nothing; control_refusal() has its sentence
 *	-EDESTADDRREQ	the configuration has no control socket
 *	-ETIMEDOUT	nothing came in time
 *	-ECONNRESET	the daemon ended the connection
 *	-EBADMSG	what came is not one JSON object
 *	-EMSGSIZE	… or more than CONTROL_RECEIVED_MAX
 *	-errno		there is no connection: -ENOENT, -ECONNREFUSED: nobody is there
 *
 * and, unless it is negative, an answer to release. Whether a request was done that has ended
 * with -ETIMEDOUT, -ECONNRESET, -EBADMSG or -EMSGSIZE is not known.
 */
int control_call(const struct config *config, struct slice request, int timeout,
	struct control_answer *ret_answer);

/* Of a refusal: a sentence for a person, and the word for programs; "" if it has none. */
struct slice control_refusal(const struct control_answer *answer);
struct slice control_refusal_code(const struct control_answer *answer);

/* Takes a member that is a number, 0 or more. Returns 0 or -EBADMSG. */
int control_number(const struct control_answer *answer, const char *name, uint64_t *ret_number);

/* Appends the request to close the connections of a user, or of all (NULL). */
void control_format_disconnect(struct buffer *to, const char *user);
