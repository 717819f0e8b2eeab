/* Trees of files. */
#pragma once

/* Removes a directory and all that is in it. */
void files_remove(const char *path);

/* Copies a directory and all that is in it, which is directories and plain files. 0 or -errno. */
int files_copy(const char *from, const char *to);

/* Called for each plain file; the name is its path below the directory. Returns 0 or -errno. */
typedef int files_visit(void *context, const char *name);

/* Visits all plain files below a directory. Returns 0 or -errno. */
int files_walk(const char *directory, files_visit *visit, void *context);
