/*
 * What every request needs: the configuration, the keys, and the way to the
 * store. One a process; made anew when the configuration is read again.
 */
#pragma once

#include "cgi/publishers.h"
#include "lib/config.h"
#include "lib/inbox.h"
#include "lib/token.h"

struct application {
	struct config *config;
	const char *path;		 /* where the program is mapped, if nobody else tells */
	struct token_verifier *verifier; /* NULL = there are no keys, no token is accepted … */
	struct publishers *publishers;	 /* … nor any key of a publisher */
	struct inbox *inbox;		 /* NULL until application_connect() */
	void *memory; /* the program's own, from one request to the next; NULL = there is none */
};

/*
 * Reads the configuration (config_path() of `config_option`) and the keys, and
 * logs what is wrong with them; keys that are missing are an error only if they are
 * needed. Returns 0 and an application to free, its path and memory not set, or -errno.
 */
int application_load(const char *config_option, bool keys_needed,
	struct application **ret_application);

/* Makes the inbox: after the fork, for it belongs to one process. Returns 0 or -errno. */
int application_connect(struct application *application);

/* Returns NULL. */
struct application *application_free(struct application *application);

DEFINE_CLEANUP(struct application *, application_free)
