/*
 * The file `running` in a store's home directory. An owner writes the machine's boot id
 * there and takes the file away when it stops; so whoever finds one knows whether the
 * machine went down meanwhile. In a copy of a store it holds a word that is no boot id.
 */
#pragma once

#include <stdbool.h>

struct mark {
	bool went_down; /* another boot id, or that of a copy */
	bool copied;
};

/* Reads the mark of the last owner. Returns 0 or -errno. */
int mark_read(int home, struct mark *ret_mark);

/* Write one, and make it durable. Return 0 or -errno. */
int mark_running(int home);
int mark_copy(int home);

/* Takes it away. */
void mark_remove(int home);
