/*
 * What a publisher says of a notification, read out of an object that says more.
 * For lib/ only; programs use draft_parse(), see notification.h.
 */
#pragma once

#include "lib/json.h"
#include "lib/notification.h"

/* Whether draft_read() reads a member of this name. */
bool draft_is_member(const char *name);

/*
 * As draft_parse(), out of the outermost object of `json`, which may have any
 * other members, too; and expiresAt may lie in the past.
 */
int draft_read(struct slice json, struct json_object *object, enum draft_kind kind,
	struct problems *problems, struct draft *ret_draft);
