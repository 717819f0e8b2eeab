/*
 * A small file system in memory, that only this process and its children see, and
 * a ballast on it that takes away all but some space.
 */
#pragma once

#include <stdint.h>

struct disk {
	char directory[64]; /* where it is mounted; "" = it is not */
	char ballast[80];
};

enum { DISK_NOT_PERMITTED = 1 };

/* Mounts one of so many bytes. Returns 0, or DISK_NOT_PERMITTED: this process may not. */
int disk_set_up(struct disk *disk, const char *directory, uint64_t size);

/* Lets the ballast leave so many bytes, if there are more. Returns 0 or -errno. */
int disk_leave(const struct disk *disk, uint64_t bytes);

/* Takes the ballast away. Returns 0 or -errno. */
int disk_clear(const struct disk *disk);

/* Bytes that are free. */
uint64_t disk_free(const struct disk *disk);

/* What still uses it may go on. */
void disk_tear_down(struct disk *disk);
