/* Requests of the test itself, one at a time. */
#pragma once

#include "tests/crash/exchange.h"
#include "tests/crash/setting.h"

/*
 * Asks again and again until the answer is 200. Returns 0 and its body, to be put;
 * or -errno after half a minute.
 */
int ask(const struct setting *setting, const struct fastcgi_request *request,
	struct json_object **ret_body);
