/*
 * The backup: the operations BACKUP and BACKUP_END, which take longer than a batch may. A
 * thread of its own does them while requests go on; there is one at a time, for others it
 * is INBOX_BUSY.
 *
 * A copy belongs to the connection that asked for it, and goes when that ends; so no
 * copy is left behind by a program that died.
 */
#pragma once

#include "stored/answers.h"

struct backup;

/* Removes what an owner that was killed has left. Returns 0 or -errno. */
int backup_new(struct store *store, struct backup **ret_backup);

/* Waits for what is under way. Returns NULL. */
struct backup *backup_free(struct backup *backup);

/* Whether this is one of its operations, and this client may ask for it. */
bool backup_takes(const struct client *client, const struct store_frame *frame);

/*
 * Begins what the frame asks for, or adds the answer that says why not. Returns 0, or
 * -EBADMSG for a frame that breaks the protocol.
 */
int backup_ask(struct backup *backup, struct client *client, const struct store_frame *frame,
	struct answers *answers);

/* Readable when something was done. Owned by the backup. */
int backup_fd(const struct backup *backup);

/* To be called then: adds the answer. */
void backup_take(struct backup *backup, struct answers *answers);

/* The client's connection has ended: its copy is broken off, or removed. */
void backup_forget(struct backup *backup, const struct client *client);

/* Breaks off what is under way, and begins nothing any more. */
void backup_stop(struct backup *backup);
