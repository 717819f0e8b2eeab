/*
 * Write-back: the pages that have changed go to the disk, and now and then a checkpoint says
 * so.
 *
 * A checkpoint writes all pages that have changed since the last one and waits for the disk,
 * and nobody is served meanwhile: 165 to 200 ms after 16 MB of log. So a thread of its own
 * writes pages and waits for the disk, pass after pass, each with less to do than the one
 * before; when a pass found little, the checkpoint will find little, too. Under full
 * load this halves how long nobody is served; under less it does more.
 */
#pragma once

#include "stored/environment.h"

struct writeback;

/* Starts the thread. Returns 0 or -errno. The handle must outlive it. */
int writeback_new(DB_ENV *handle, struct writeback **ret_writeback);

/* Ends the thread once its pass is over. Returns NULL. */
struct writeback *writeback_free(struct writeback *writeback);

/* How long checkpoints took. */
struct timing writeback_checkpoints(const struct writeback *writeback);

/* Names a file with pages to bring to the disk; before the first step. Returns 0 or -errno. */
int writeback_add_file(struct writeback *writeback, int directory_fd, const char *path);

/*
 * Whether there are passes only. For a checkpoint that comes upon a page which is just being
 * copied sleeps for a second (the library's mp_sync.c), and nobody is served meanwhile.
 */
void writeback_hold(struct writeback *writeback, bool held);

/*
 * What the log has grown to since the last step makes necessary: nothing, a pass, which is
 * only begun here, or a checkpoint. `position` is the end of the log, counted in bytes. To be
 * called between transactions. Returns 0 or -errno.
 */
int writeback_step(struct writeback *writeback, uint64_t position);
