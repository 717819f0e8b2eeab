/*
 * Statistics as rows of a table for people. They are JSON objects, whose members say by their
 * names what they are ("dataBytes", "longestMicroseconds"), so that a table can be made of any
 * of them, and this program need not know which there are.
 */
#pragma once

#include "cli/table.h"
#include "lib/json.h"

/*
 * Adds two cells, a label and a value, for each figure. Of an object within the object that has
 * many members only those that are not 0 get a row; a histogram becomes what one reads out of
 * it; lists are left out.
 */
void figures_add(struct table *table, struct json_object *object);

/* The same with a third cell: by how much a number has grown in each of the seconds since `before`. */
void figures_add_rates(struct table *table, struct json_object *object, struct json_object *before,
	double seconds);
