/* What those with each right may ask the store. */
#include "stored/permission.h"

#include "tests/tap.h"

static void test_rights(void)
{
	for (int operation = 1; operation < INBOX_OPERATIONS; operation++) {
		bool creates = operation == INBOX_CREATE || operation == INBOX_BROADCAST;
		bool keeps = operation == INBOX_EXPORT || operation == INBOX_IMPORT ||
			     operation == INBOX_BACKUP || operation == INBOX_BACKUP_END;

		tap_ok(!permission_given(PEER_NOTHING, operation), "operation %d needs a right", operation);
		tap_ok(permission_given(PEER_PUBLISH, operation) == creates,
			"publishers may only create: operation %d", operation);
		tap_ok(permission_given(PEER_LOOK, operation) == (operation == INBOX_LIST),
			"the user of [away] may only list: operation %d", operation);
		tap_ok(permission_given(PEER_OBSERVE, operation) == (operation == INBOX_STATISTICS),
			"observers may only see statistics: operation %d", operation);
		tap_ok(permission_given(PEER_SERVE, operation) == !keeps,
			"api-users may do what REST needs: operation %d", operation);
		tap_ok(permission_given(PEER_ALL, operation), "members may do operation %d", operation);
	}
}

int main(void)
{
	test_rights();
	return tap_done();
}
