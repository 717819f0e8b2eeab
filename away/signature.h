/*
 * The signature of a delivery by HTTP, as Standard Webhooks has it (standardwebhooks.com):
 * HMAC-SHA256 of "ID.TIMESTAMP.BODY" with the secret, in base64, behind "v1,".
 */
#pragma once

#include "lib/slice.h"

#include <stdint.h>

struct secret {
	char data[4096];
	size_t len;
};

enum { SECRET_MIN = 32 /* bytes */ };

/*
 * Reads the secret: the file's bytes less one newline at the end, never decoded. Returns 0 or
 * -errno (-EMSGSIZE: shorter than SECRET_MIN or longer than there is room for).
 */
int secret_read(const char *path, struct secret *ret_secret);
void secret_wipe(struct secret *secret);

enum { SIGNATURE_SIZE = sizeof("v1,") + 44 /* characters for 32 bytes */ };

/* `timestamp`: seconds since the epoch. Returns 0 or -ENOMEM. */
int signature_make(const struct secret *secret, const char *id, int64_t timestamp,
	struct slice body, char ret_text[static SIGNATURE_SIZE]);
