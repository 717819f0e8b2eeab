/* Names of publishers, see publisher.h. */
#include "lib/publisher.h"

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_mark(char c)
{
	return c == '.' || c == '_' || c == '-';
}

bool publisher_name_valid(struct slice name)
{
	if (name.len < 1 || name.len > PUBLISHER_NAME_MAX || !is_alphanumeric(name.data[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!is_alphanumeric(name.data[i]) && !is_mark(name.data[i]))
			return false;
	return true;
}

struct slice publisher_of(struct slice caller)
{
	struct slice name = { 0 };

	if (caller.len > 0 && caller.data[0] == PUBLISHER_MARK[0])
		name = (struct slice){ caller.data + 1, caller.len - 1 };
	return publisher_name_valid(name) ? name : (struct slice){ 0 };
}
