/* Types and categories of a command line, see filter.h. */
#include "cli/filter.h"

int filter_parse(const struct command_spec *command, const struct filter_options *options,
	struct filter *ret_filter)
{
	struct filter filter = { .type = INBOX_ANY_TYPE, .category = slice_of(options->category) };
	enum notification_type type;

	if (options->type && notification_type_parse(slice_of(options->type), &type) < 0)
		return tool_refuse(command, "--type must be info, success, warning or error");
	if (options->type)
		filter.type = (int)type;
	if (options->category && !notification_category_valid(filter.category))
		return tool_refuse(command, "--category must be 1 to %d of a-z 0-9 . _ -",
			NOTIFICATION_CATEGORY_MAX);
	*ret_filter = filter;
	return TOOL_DONE;
}
