/*
 * The web server's side of FastCGI: a request becomes bytes, bytes become an
 * answer. No input or output is done here.
 */
#pragma once

#include "lib/buffer.h"

/* What is asked. All but the method and the path may be left out. */
struct fastcgi_request {
	const char *method;
	const char *path;  /* below the base: "/", "/unread-count", … */
	const char *query; /* without its question mark */
	const char *token;
	const char *key; /* Idempotency-Key */
	struct slice body;
};

/* Appends a whole request; buffer_status() tells whether all of it is there. */
void fastcgi_encode(struct buffer *to, const struct fastcgi_request *request);

enum { FASTCGI_PARTIAL = 1 };

/*
 * Puts into *output what the program wrote to its standard output, once all of it
 * has been received and the program said that the request is over. Returns 0,
 * FASTCGI_PARTIAL as long as that has not come, -EBADMSG or -ENOMEM.
 */
int fastcgi_decode(struct slice received, struct buffer *output);
