/* Web origins, see origin.h. Schemes and hosts are the same in either case. */
#include "lib/origin.h"

#include <string.h>
#include <strings.h>

bool origin_is_listed(char *const *list, struct slice origin)
{
	if (slice_is(origin, "null"))
		return false;
	for (; *list; list++)
		if (slice_is_ignoring_case(origin, *list))
			return true;
	return false;
}

static struct slice without_default_port(struct slice host, const char *scheme)
{
	struct slice port = slice_of(strcasecmp(scheme, "https") == 0 ? ":443" : ":80");

	if (host.len > port.len &&
		memcmp(host.data + host.len - port.len, port.data, port.len) == 0)
		host.len -= port.len;
	return host;
}

bool origin_is_of(struct slice origin, const char *scheme, struct slice host)
{
	size_t len = strlen(scheme);

	if (host.len == 0 || origin.len < len + 3 || strncasecmp(origin.data, scheme, len) != 0 ||
		memcmp(origin.data + len, "://", 3) != 0)
		return false;
	origin.data += len + 3;
	origin.len -= len + 3;
	host = without_default_port(host, scheme);
	return origin.len == host.len && strncasecmp(origin.data, host.data, host.len) == 0;
}
