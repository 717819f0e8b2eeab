/*
 * The names of publishers that ask by a publisher key, see lib/publisher_keys.h.
 *
 * Where others go by the name of their user, in whose name the store is asked, they go by
 * PUBLISHER_MARK and the name of their key. No user is called so, for the mark is a control
 * character.
 */
#pragma once

#include "lib/slice.h"

#define PUBLISHER_MARK "\1"

enum { PUBLISHER_NAME_MAX = 64 /* bytes */ };

/* 1 to PUBLISHER_NAME_MAX of A-Z a-z 0-9 . _ - that begin with a letter or a digit. */
bool publisher_name_valid(struct slice name);

/* The name of the key that this caller asks by; empty if it is a user. */
struct slice publisher_of(struct slice caller);
