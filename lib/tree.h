/*
 * Directories of regular files and directories, as stores and their copies are. Each is
 * named by a directory that is open and a name in it. Symbolic links are never followed;
 * what is neither a file nor a directory is -EINVAL where it matters.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Removes it and all in it. What is not there is no error. Returns 0 or -errno. */
int tree_remove(int parent, const char *name);

/* How many bytes the files take on the disk. Returns 0 or -errno. */
int tree_size(int parent, const char *name, uint64_t *ret_bytes);

/* Told of bytes that were copied; ends the copy by returning a -errno. */
typedef int tree_copied(void *context, uint64_t bytes);

/*
 * Copies it under a name that must be free, files with mode 0640, directories with 0750,
 * and makes the copy durable. Files keep their holes. Returns 0 or -errno: then a part of it
 * may be there.
 */
int tree_copy(int from_parent, const char *from, int to_parent, const char *to, tree_copied *copied,
	void *context);

/* The same for one file and the first `size` bytes of it. */
int tree_copy_file(int from_parent, const char *from, int to_parent, const char *to, uint64_t size,
	tree_copied *copied, void *context);

/* Gives all of it to this owner and group. Returns 0 or -errno. */
int tree_give(int parent, const char *name, uid_t owner, gid_t group);

/* Makes durable which names are in a directory. Returns 0 or -errno. */
int tree_sync(int directory);

/* Opens a directory that is no symbolic link. Returns a descriptor or -errno. */
int tree_open(int parent, const char *name);
