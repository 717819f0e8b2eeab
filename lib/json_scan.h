/*
 * Reading JSON text without making anything of it: whether it keeps to the
 * grammar, and where in it a member or an element stands. Private to lib/json.c.
 */
#pragma once

#include "lib/json.h"

/*
 * Checks a whole text: the grammar, UTF-8 (half a surrogate pair, as an escape,
 * counts against it), at most `depth` levels; a name must not hold a NUL. Returns
 * 0, with the number of members of the outermost object, or an enum json_error.
 */
int json_scan(struct slice text, unsigned depth, size_t *ret_members);

/*
 * Finds a member of the outermost object by the exact spelling of its name, in a
 * text that json_scan() has accepted. The value may have white space around it.
 * Returns 0 or -ENOENT.
 */
int json_scan_member(struct slice text, struct slice name, struct slice *ret_value);

/*
 * Takes an element off an array that json_scan() has accepted. `rest` begins with
 * the opening bracket at first, later with what follows the element before. The
 * element may have white space around it. False when there are no more.
 */
bool json_scan_element(struct slice *rest, struct slice *ret_element);
