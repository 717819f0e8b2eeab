/*
 * Idempotency-Key: by it a client can send a creating request again without knowing whether
 * the one before was done.
 */
#pragma once

#include "cgi/http.h"
#include "lib/inbox.h"

enum {
	IDEMPOTENCY_KEY_MAX = 255, /* bytes, at least one: printable ASCII */
	IDEMPOTENCY_NONE = 1,	   /* the request has no key */
	IDEMPOTENCY_MALFORMED = 2,
};

/*
 * Makes of the request's key and body what the store tells attempts apart by. A key counts
 * for one path below the base only. Returns 0, IDEMPOTENCY_NONE, IDEMPOTENCY_MALFORMED, or
 * -ENOMEM.
 */
int idempotency_read(const struct http_request *request, struct slice path,
	struct inbox_once *ret_once);
