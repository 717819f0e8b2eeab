/*
 * Loads what a program needs to answer requests. All problems of the
 * configuration are logged at once, a line each.
 */
#include "cgi/application.h"

#include "lib/log.h"

#include <errno.h>
#include <string.h>

static int load_config(const char *path, struct config **ret_config)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	int r = config_load(path, ret_config, &problems);

	log_lines(r == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, buffer_slice(&problems));
	if (r < 0 && problems.len == 0)
		log_error("%s: %s", path, strerror(-r));
	return r > 0 ? -EINVAL : r;
}

static int load_keys(struct application *application, bool needed)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	int r = token_verifier_new(application->config, &application->verifier, &problem);

	if (r == 0)
		r = publishers_new(application->config, &application->publishers, &problem);
	if (r == 0)
		return 0;
	if (needed) {
		log_error("%s", problem ? problem : strerror(-r));
		return r;
	}
	log_info("no token will be accepted: %s", problem ? problem : strerror(-r));
	if (application->verifier)
		application->verifier = token_verifier_free(application->verifier);
	return 0;
}

int application_load(const char *config_option, bool keys_needed,
	struct application **ret_application)
{
	_cleanup_(freeing_application_free) struct application *application = NULL;
	int r;

	application = calloc(1, sizeof(*application));
	if (!application)
		return -ENOMEM;
	r = load_config(config_path(config_option), &application->config);
	if (r < 0)
		return r;
	r = load_keys(application, keys_needed);
	if (r < 0)
		return r;
	*ret_application = take(application);
	return 0;
}

int application_connect(struct application *application)
{
	int r;

	if (application->inbox)
		return 0;
	r = inbox_new(application->config, &application->inbox);
	if (r < 0)
		log_error("store.socket: %s", strerror(-r));
	return r;
}

struct application *application_free(struct application *application)
{
	if (!application)
		return NULL;
	if (application->inbox)
		inbox_free(application->inbox);
	publishers_free(application->publishers);
	if (application->verifier)
		token_verifier_free(application->verifier);
	if (application->config)
		config_free(application->config);
	free(application);
	return NULL;
}
