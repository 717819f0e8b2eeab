/* "tidings check". */
#pragma once

#include "tests/crash/setting.h"

/*
 * Whether the store is whole: the one that runs (home is NULL), or one in a directory that
 * nobody has open. What is wrong is printed as a note.
 */
bool store_is_whole(const struct setting *setting, const char *home);
