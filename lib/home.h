/* Names in the store's home directory that more than one program knows. */
#pragma once

/* A copy of the store that INBOX_BACKUP has made. */
#define HOME_BACKUP "backup"

/*
 * There while a restore moves files: nobody may open the store. It holds the name of the
 * directory that the former content goes to.
 */
#define HOME_RESTORING "restoring"

/* A backup that is about to be restored, until it was verified; left over without the above. */
#define HOME_RESTORE_COPY "restore.new"
