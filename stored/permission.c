/* Which right each operation needs, see permission.h. */
#include "stored/permission.h"

static const enum peer_right needed[INBOX_OPERATIONS] = {
	[INBOX_CREATE] = PEER_PUBLISH,
	[INBOX_BROADCAST] = PEER_PUBLISH,
	[INBOX_GET] = PEER_SERVE,
	[INBOX_LIST] = PEER_LOOK,
	[INBOX_COUNT] = PEER_SERVE,
	[INBOX_CHANGES] = PEER_SERVE,
	[INBOX_MARK_READ] = PEER_SERVE,
	[INBOX_MARK_UNREAD] = PEER_SERVE,
	[INBOX_READ_ALL] = PEER_SERVE,
	[INBOX_SEEN] = PEER_SERVE,
	[INBOX_DELETE] = PEER_SERVE,
	[INBOX_DELETE_ALL] = PEER_SERVE,
	[INBOX_DELETE_READ] = PEER_SERVE,
	[INBOX_WITHDRAW] = PEER_SERVE,
	[INBOX_WITHDRAW_BROADCAST] = PEER_SERVE,
	[INBOX_FORGET] = PEER_SERVE,
	[INBOX_REVOKE] = PEER_SERVE,
	[INBOX_EXPORT] = PEER_ALL,
	[INBOX_IMPORT] = PEER_ALL,
	[INBOX_BACKUP] = PEER_ALL,
	[INBOX_BACKUP_END] = PEER_ALL,
	[INBOX_STATISTICS] = PEER_OBSERVE,
};

bool permission_given(enum peer_right right, enum inbox_operation operation)
{
	return peer_may(right, needed[operation]);
}
