/*
 * Reads tidings.conf(5) into struct config, see config.h: finds the key of each
 * line in the table (lib/config_keys.c), fills in the defaults, and at the end
 * checks what keys say together. It goes on after every problem.
 */
#include "lib/config.h"

#include "lib/config_file.h"
#include "lib/config_value.h"

#include <assert.h>
#include <errno.h>

#define CONFIG_FILE CONFDIR "/tidings.conf"

enum { KEYS_MAX = 64 };

struct loading {
	const char *path;
	struct config *config;
	struct buffer *problems;
	unsigned lines[KEYS_MAX]; /* where each key was set; 0 = nowhere */
	bool wrong[KEYS_MAX];	  /* set, but to something that was refused */
	bool out_of_memory;
};

const char *config_path(const char *option)
{
	const char *environment = getenv(CONFIG_ENVIRONMENT);

	if (option)
		return option;
	return environment && *environment ? environment : CONFIG_FILE;
}

static void problem_at(struct loading *loading, unsigned line)
{
	config_file_problem(loading->problems, loading->path, line);
}

static bool begin_section(void *context, unsigned line, const char *name)
{
	struct loading *loading = context;

	for (const struct config_key *key = config_keys(); key->section; key++) {
		if (strcmp(key->section, name) == 0)
			return true;
	}
	problem_at(loading, line);
	buffer_print(loading->problems, "there is no section [%s]\n", name);
	return false;
}

/* The index of a key, or -1. */
static int find_key(const char *section, const char *name)
{
	const struct config_key *keys = config_keys();

	for (int i = 0; keys[i].section; i++) {
		if (strcmp(keys[i].name, name) == 0 && strcmp(keys[i].section, section) == 0)
			return i;
	}
	return -1;
}

static void refuse_unknown_key(struct loading *loading, unsigned line, const char *section,
	const char *name)
{
	problem_at(loading, line);
	if (*section)
		buffer_print(loading->problems, "there is no key \"%s\" in [%s]", name, section);
	else
		buffer_print(loading->problems, "\"%s\" stands before the first [section]", name);
	for (const struct config_key *key = config_keys(); key->section; key++) {
		if (strcmp(key->name, name) == 0)
			buffer_print(loading->problems, "; it belongs in [%s]", key->section);
	}
	buffer_append_string(loading->problems, "\n");
}

static void set_key(struct loading *loading, unsigned line, int index, const char *value)
{
	const struct config_key *key = &config_keys()[index];
	_cleanup_(buffer_release) struct buffer problem = { 0 };
	int result = config_value_parse(key, value, loading->config, &problem);

	loading->lines[index] = line;
	loading->wrong[index] = result != 0;
	if (result < 0 || buffer_status(&problem) < 0) {
		loading->out_of_memory = true;
	} else if (result > 0) {
		problem_at(loading, line);
		buffer_print(loading->problems, "%s: ", key->name);
		buffer_append_slice(loading->problems, buffer_slice(&problem));
		buffer_append_string(loading->problems, "\n");
	}
}

static void take_key(void *context, unsigned line, const char *section, const char *name,
	const char *value)
{
	struct loading *loading = context;
	int index = find_key(section, name);

	if (index < 0) {
		refuse_unknown_key(loading, line, section, name);
	} else if (loading->lines[index] > 0) {
		problem_at(loading, line);
		buffer_print(loading->problems, "%s: is set twice, first in line %u\n", name,
			loading->lines[index]);
	} else {
		set_key(loading, line, index, value);
	}
}

static int set_defaults(struct loading *loading)
{
	const struct config_key *keys = config_keys();

	for (size_t i = 0; keys[i].section; i++) {
		_cleanup_(buffer_release) struct buffer problem = { 0 };
		int result = 0;

		assert(i < KEYS_MAX);
		if (loading->lines[i] == 0 || loading->wrong[i])
			result = config_value_parse(&keys[i], keys[i].default_value,
				loading->config, &problem);
		assert(result <= 0);
		if (result < 0)
			return result;
	}
	return 0;
}

static bool per_user_fits(const struct config *config)
{
	return config->push.max_connections_per_user <= config->push.max_connections;
}

static bool has_keys(const struct config *config)
{
	return *config->auth.key_file || *config->auth.keys_dir;
}

static bool claims_differ(const struct config *config)
{
	return strcmp(config->auth.user_claim, config->auth.role_claim) != 0;
}

static bool one_receiver(const struct config *config)
{
	return !*config->away.run || !*config->away.url;
}

static bool url_is_signed(const struct config *config)
{
	return !*config->away.url || *config->away.secret_file;
}

static bool young_enough(const struct config *config)
{
	return config->away.max_age > config->away.after;
}

static bool log_lasts(const struct config *config)
{
	return !config_has_away(config) ||
	       config->away.after < (uint64_t)config->store.log_keep_hours * 3600;
}

static bool presence_is_told(const struct config *config)
{
	return !config_has_away(config) || *config->push.control;
}

bool config_has_away(const struct config *config)
{
	return *config->away.run || *config->away.url;
}

/* What two keys must say together; they are of one section, unless the other has its own. */
static const struct cross_check {
	const char *section, *name, *other;
	bool (*holds)(const struct config *config);
	const char *sentence;
	const char *other_section;
} cross_checks[] = {
	{ "push", "max-connections-per-user", "max-connections", per_user_fits,
		"must not be above max-connections", NULL },
	{ "auth", "key-file", "keys-dir", has_keys, "may be empty only where keys-dir is set",
		NULL },
	{ "auth", "role-claim", "user-claim", claims_differ, "must differ from user-claim", NULL },
	{ "away", "url", "run", one_receiver, "only one of run and url may be set", NULL },
	{ "away", "url", "secret-file", url_is_signed, "needs a secret-file to sign with", NULL },
	{ "away", "max-age", "after", young_enough, "must be longer than after", NULL },
	{ "away", "after", "log-keep-hours", log_lasts,
		"must be shorter than log-keep-hours of [store]", "store" },
	{ "push", "control", "run", presence_is_told, "may be empty only where [away] is unused",
		"away" },
};

static void check_together(struct loading *loading, const struct cross_check *check)
{
	int key = find_key(check->section, check->name);
	int other = find_key(check->other_section ? check->other_section : check->section,
		check->other);

	assert(key >= 0 && other >= 0);
	if (loading->wrong[key] || loading->wrong[other] || check->holds(loading->config))
		return;
	problem_at(loading, loading->lines[key] ? loading->lines[key] : loading->lines[other]);
	buffer_print(loading->problems, "%s: %s\n", check->name, check->sentence);
}

static int load(struct loading *loading)
{
	const struct config_file_reader reader = { .section = begin_section,
		.key = take_key,
		.context = loading };
	size_t before = loading->problems->len;
	int result = config_file_read(loading->path, &reader, loading->problems);

	if (result == 0)
		result = loading->out_of_memory ? -ENOMEM : set_defaults(loading);
	if (result < 0)
		return result;
	for (size_t i = 0; i < ARRAY_LENGTH(cross_checks); i++)
		check_together(loading, &cross_checks[i]);
	if (buffer_status(loading->problems) < 0)
		return buffer_status(loading->problems);
	return loading->problems->len > before ? CONFIG_INVALID : 0;
}

int config_load(const char *path, struct config **ret_config, struct buffer *problems)
{
	_cleanup_(freeing_config_free) struct config *config = calloc(1, sizeof(*config));
	struct loading loading = { .path = path, .config = config, .problems = problems };
	int result;

	if (!config)
		return -ENOMEM;
	result = load(&loading);
	if (result == 0)
		*ret_config = take(config);
	return result;
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	for (const struct config_key *key = config_keys(); key->section; key++)
		config_value_release(key, config);
	free(config);
	return NULL;
}

void config_format(struct buffer *to, const struct config *config, size_t index)
{
	config_value_format(to, &config_keys()[index], config);
}
