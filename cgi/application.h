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
	struct token_verifier *verifier;
	struct publishers *publishers;
	struct inbox *inbox; /* NULL until application_connect() */
};

/*
 * Reads the configuration (config_path() of `config_option`) and the keys, and
 * logs what is wrong with them. Returns 0 and an application to free, or -errno.
 */
int application_load(const char *config_option, struct application **ret_application);

/* Makes the inbox: after the fork, for it belongs to one process. Returns 0 or -errno. */
int application_connect(struct application *application);

/* Returns NULL. */
struct application *application_free(struct application *application);

DEFINE_CLEANUP(struct application *, application_free)
