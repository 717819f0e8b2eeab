/*
 * The configuration, tidings.conf(5): one INI file for all programs, read
 * strictly. An unknown section or key, a key given twice, or a value out of its
 * range is an error with file and line, and all errors are told at once.
 */
#pragma once

#include "lib/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum config_durability { DURABILITY_SYNC, DURABILITY_WRITE };
enum config_when_full { WHEN_FULL_EVICT_OLDEST, WHEN_FULL_REFUSE_NEWEST };

/* Sizes are bytes, strings are never NULL (unset is ""), lists end with NULL. */
struct config {
	struct {
		char *engine; /* "bdb" */
		char *socket; /* path */
		char *home;   /* directory */
		enum config_durability durability;
		uint64_t cache;
		uint64_t disk_reserve;
		unsigned retention_days; /* 0 = no limit */
		unsigned max_per_user;	 /* 0 = no limit */
		unsigned log_keep_hours;
		char **api_users;
	} store;
	struct {
		char *algorithm; /* HS256, HS384, HS512, RS256 … ES512 */
		char *key_file;
		char *keys_dir;	 /* one file a kid; "" = none */
		char *issuer;	 /* "" = not checked */
		char *audience;	 /* "" = not checked */
		unsigned leeway; /* seconds */
		char *user_claim;
		char *role_claim;
		char **publisher_roles;
		char *publisher_scope;
		char **admin_roles;
		char *publisher_keys; /* file */
		char *cookie;	      /* its name; "" = none */
		bool query_token;
	} auth;
	struct {
		char **allowed_origins; /* empty = the same origin */
		char **trusted_proxies;
		uint64_t max_body;
		unsigned workers;
	} web;
	struct {
		char **listen;		/* ADDRESS:PORT, [ADDRESS]:PORT, PORT or /PATH */
		char *control;		/* path of a socket; "" = none */
		char *path;		/* URL path that /ws is below */
		unsigned ping_interval; /* seconds */
		unsigned auth_timeout;	/* seconds */
		unsigned max_connections;
		unsigned max_connections_per_user;
		unsigned max_unauthenticated;
		enum config_when_full when_full;
		uint64_t max_message;
		uint64_t send_queue;
		unsigned stall_timeout; /* seconds */
		unsigned max_messages_per_second;
	} push;
	struct {
		char *run;	   /* words; "" = no program */
		char *url;	   /* "" = none */
		char *secret_file; /* "" = none */
		char *ca_file;	   /* "" = the system's */
		char *state;	   /* directory */
		char *user;	   /* who may ask for it */
		unsigned after, max_age, retry, timeout; /* seconds */
		unsigned max_per_message;
		unsigned max_at_once;
		char **types;	   /* empty = all */
		char **categories; /* the same */
	} away;
	struct {
		char *path;   /* URL path that the page is at */
		char **allow; /* addresses, networks or "unix" that need no token */
	} status;
	struct {
		char *level; /* error, warning, info or debug */
	} log;
};

/* Where the file is looked for when neither --config nor this variable names it. */
#define CONFIG_ENVIRONMENT "TIDINGS_CONFIG"

/*
 * The path to read: `option` (from --config) if not NULL, else $TIDINGS_CONFIG,
 * else the compiled-in CONFIG_FILE (SYSCONFDIR/tidings/tidings.conf).
 */
const char *config_path(const char *option);

enum { CONFIG_INVALID = 1 };

/*
 * Reads a file; defaults stand for every key that it does not set. Returns 0 and
 * a configuration to config_free(); CONFIG_INVALID or -errno (not readable) with
 * one line each in *problems, "FILE:LINE: what is wrong\n" (or "FILE: ..."). Warnings
 * (removed keys) are lines in *problems with a result of 0.
 */
int config_load(const char *path, struct config **ret_config, struct buffer *problems);

/* Whether somebody is to be told what nobody is there to read. */
bool config_has_away(const struct config *config);

struct config *config_free(struct config *config);

DEFINE_CLEANUP(struct config *, config_free)

/* What a key's value is, and the type of its field in struct config. */
enum config_kind {
	CONFIG_STRING, /* char *: `min` to `max` bytes */
	CONFIG_PATH,   /* char *: the same, absolute or empty */
	CONFIG_LIST,   /* char **: items with commas between them, each of 1 to `max` bytes */
	CONFIG_BOOL,   /* bool: yes or no */
	CONFIG_NUMBER, /* unsigned, from `min` to `max` */
	CONFIG_DURATION, /* unsigned seconds, from `min` to `max`: 90s, 15m, 2h, 1d */
	CONFIG_SIZE,   /* uint64_t, from `min` to `max` bytes; K, M or G may follow it */
	CONFIG_CHOICE, /* an enum: one of the format's words, by their order */
};

/* What more a string, or each item of a list, must be. One of the two is NULL. */
struct config_format {
	const char *const *words; /* one of these, ended by NULL */
	const char *noun;	  /* "an origin such as ..." for messages, and its check: */
	bool (*valid)(const char *text);
};

/* One key, for `tidings config` and for the tests that hold page and code together. */
struct config_key {
	const char *section;
	const char *name;
	const char *default_value; /* as it would stand in the file */
	enum config_kind kind;
	size_t offset; /* of the field in struct config */
	uint64_t min, max;
	const struct config_format *format; /* NULL = none */
};

/* The table of all keys, ended by a NULL section. */
const struct config_key *config_keys(void);

/* Appends the value of config_keys()[index] as it would stand in the file. */
void config_format(struct buffer *to, const struct config *config, size_t index);
