/* Reading the configuration anew, see reload.h. */
#include "pushd/reload.h"

#include "lib/log.h"
#include "lib/startup.h"
#include "pushd/conversation.h"

#include <errno.h>

/* What is opened once, at the start. All of these are texts or lists of texts. */
static const struct {
	const char *section, *name;
} opened_once[] = {
	{ "store", "engine" },
	{ "store", "socket" },
	{ "store", "home" },
	{ "push", "listen" },
	{ "push", "control" },
};

static bool is_opened_once(const struct config_key *key)
{
	for (size_t i = 0; i < ARRAY_LENGTH(opened_once); i++)
		if (strcmp(opened_once[i].section, key->section) == 0 &&
			strcmp(opened_once[i].name, key->name) == 0)
			return true;
	return false;
}

static bool differs(const struct config *one, const struct config *other, size_t index)
{
	_cleanup_(buffer_release) struct buffer a = { 0 }, b = { 0 };

	config_format(&a, one, index);
	config_format(&b, other, index);
	return !slice_equal(buffer_slice(&a), buffer_slice(&b));
}

/* Exchanges a text or a list between two configurations, each of which owns its own. */
static void exchange(struct config *one, struct config *other, const struct config_key *key)
{
	void **a = (void **)((char *)one + key->offset),
	     **b = (void **)((char *)other + key->offset);
	void *kept = *a;

	*a = *b;
	*b = kept;
}

/* Lets the new configuration have what is open, and says what of it would be another thing. */
static void keep_what_is_open(struct config *fresh, struct config *present)
{
	const struct config_key *keys = config_keys();

	for (size_t i = 0; keys[i].section; i++) {
		if (!is_opened_once(&keys[i]) || !differs(fresh, present, i))
			continue;
		log_warning(
			"[%s] %s has changed: that takes effect when the program is started anew",
			keys[i].section, keys[i].name);
		exchange(fresh, present, &keys[i]);
	}
}

/* Reads a configuration that can be used, and its keys. Returns 0 or RELOAD_REFUSED. */
static int read_all(const char *path, struct config **ret_config,
	struct token_verifier **ret_verifier)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	_cleanup_(freeing_memory) char *problem = NULL;
	int r = config_load(path, &config, &problems);

	log_lines(r == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, buffer_slice(&problems));
	if (r != 0 && problems.len == 0)
		log_error("%s: %s", path, strerror(r < 0 ? -r : EINVAL));
	if (r != 0)
		return RELOAD_REFUSED;
	r = token_verifier_new(config, ret_verifier, &problem);
	if (r < 0) {
		log_error("%s", problem ? problem : strerror(-r));
		return RELOAD_REFUSED;
	}
	*ret_config = take(config);
	return 0;
}

int reload(struct hub *hub, const char *path, struct config **config)
{
	struct token_verifier *verifier;
	struct config *fresh;

	if (read_all(path, &fresh, &verifier) != 0) {
		log_event(LOG_LEVEL_ERROR, LOG_RELOAD_FAILED, NULL,
			"not reloaded: the configuration and the keys of before stay in use");
		return RELOAD_REFUSED;
	}
	keep_what_is_open(fresh, *config);
	startup_follow_level(*config, fresh);
	token_verifier_free(hub->verifier);
	config_free(*config);
	*config = fresh;
	hub->config = fresh;
	hub->verifier = verifier;
	reload_apply(hub);
	log_event(LOG_LEVEL_INFO, LOG_RELOADED, NULL,
		"reloaded: the configuration and the keys were read anew");
	return 0;
}

void reload_apply(struct hub *hub)
{
	struct session *session;
	unsigned refused = 0;
	size_t at = 0;

	while ((session = clients_next(&hub->clients, &at))) {
		if (session->state == SESSION_LIVE &&
			!token_verifier_has_key(hub->verifier, session->key)) {
			hub_refuse_token(hub, session, TOKEN_SIGNATURE);
			refused++;
		} else if (session->state == SESSION_LIVE) {
			conversation_schedule(hub, session);
		} else if (session->state < SESSION_LIVE) {
			clients_set_due(&hub->clients, session,
				session->connected + hub->config->push.auth_timeout);
		}
	}
	if (refused > 0)
		log_event(LOG_LEVEL_INFO, LOG_CLIENTS_ENDED, NULL,
			"%u clients are closed: the key that their tokens were signed with is gone",
			refused);
}
