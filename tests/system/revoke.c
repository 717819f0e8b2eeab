/*
 * Revokes all tokens of a user that were issued until now:
 *
 *	revoke CONFIGURATION USER
 */
#include "lib/inbox.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 10000 };

int main(int argc, char **argv)
{
	_cleanup_(freeing_config_free) struct config *config = NULL;
	_cleanup_(freeing_inbox_free) struct inbox *inbox = NULL;
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct inbox_request request = { .operation = INBOX_DISCONNECT, .revoke = true };
	int r;

	if (argc != 3)
		return 2;
	request.user = slice_of(argv[2]);
	r = config_load(argv[1], &config, &problems);
	if (r == 0)
		r = inbox_new(config, &inbox);
	if (r == 0)
		r = inbox_call(inbox, &request, TIMEOUT_MS, &answer);
	if (r != 0)
		fprintf(stderr, "revoke: %d\n", r);
	return r != 0;
}
