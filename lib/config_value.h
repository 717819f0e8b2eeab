/* The values of configuration keys: their text and the fields of struct config. */
#pragma once

#include "lib/config.h"

/*
 * Reads a value into the key's field, which must be empty (zero). Returns 0, -ENOMEM, or
 * CONFIG_INVALID, the field unchanged, with what is wrong appended to *problem.
 */
int config_value_parse(const struct config_key *key, const char *text, struct config *config,
	struct buffer *problem);

/* Appends the field as the file would have it. */
void config_value_format(struct buffer *to, const struct config_key *key,
	const struct config *config);

/* Frees what the field owns. */
void config_value_release(const struct config_key *key, struct config *config);
