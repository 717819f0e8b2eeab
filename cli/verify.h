/*
 * Verifying a store that nobody has open, by tidings-stored --check: the tool itself knows
 * nothing of databases.
 */
#pragma once

#include "cli/tool.h"

struct json_object;

struct verification {
	bool good;
	struct json_object *outcome; /* what --check --json prints */
};

/*
 * Checks the store in this directory. Returns TOOL_DONE and an outcome to release, good or
 * not; or TOOL_FAILED, told, if it could not be checked.
 */
int verify_store(const struct command_spec *command, const char *path,
	struct verification *ret_verification);

void verification_release(struct verification *verification);

/* Tells each problem. */
void verify_complain(const struct command_spec *command, const struct verification *verification);

/* Appends "3 users, 12 notifications, 1 broadcast". */
void verify_append_counts(struct buffer *to, const struct verification *verification);

/* Appends "ok":…,"problemCount":…,"problems":[…],"counted":{…} */
void verify_append_json(struct buffer *to, const struct verification *verification);
