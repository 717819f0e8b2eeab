/*
 * The check of a store that nobody has open: whether its files are whole, and whether all
 * that is kept twice, counted or referred to agrees. Memory and time: those of a walk over
 * all tables.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum { CHECK_PROBLEMS = 1 };

/*
 * Checks the store in this directory, after recovering it as a start would; otherwise it
 * is left as it is. Prints the outcome. Returns 0, CHECK_PROBLEMS, or -errno after
 * logging why it could not be checked.
 */
int check_store(const char *home, FILE *to, bool json);
