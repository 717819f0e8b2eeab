/* The first pass of tidings import: whether every line is an entry. */
#include "cli/import.h"
#include "cli/lines.h"
#include "cli/progress.h"

#include <errno.h>
#include <inttypes.h>

enum { TOLD_MAX = 20 /* wrong lines; whoever has more of them has one mistake */ };

static void tell(struct import *import, struct progress *progress, const struct problems *problems,
	uint64_t number)
{
	if (import->wrong++ >= TOLD_MAX)
		return;
	progress_clear(progress);
	tool_complain_problems(import->tool->command, problems, number);
}

static void check_line(struct import *import, struct progress *progress, struct slice line,
	uint64_t number)
{
	_cleanup_(entry_release) struct entry entry = { 0 };
	struct problems problems = { 0 };

	if (lines_is_blank(line))
		return;
	if (import_parse(import, line, &problems, &entry) == 0)
		import->good++;
	else
		tell(import, progress, &problems, number);
}

/* Those that are there. */
static void check_lines(struct import *import, struct progress *progress, struct lines *lines)
{
	struct problems too_long = import_too_long();
	struct slice line;
	int result;

	while ((result = lines_take(lines, &line)) != LINES_NONE) {
		if (result == LINES_TOO_LONG)
			tell(import, progress, &too_long, lines->number);
		else
			check_line(import, progress, line, lines->number);
		progress_show(progress, import->good, import->wrong);
	}
}

int import_check(struct import *import)
{
	_cleanup_(lines_release) struct lines lines = lines_of(import->fd);
	struct progress progress = progress_begin("checked");
	int result = 0;

	progress_follow(&progress, import->fd);
	while (result == 0 && !lines.ended) {
		result = lines_fill(&lines);
		if (result == 0)
			check_lines(import, &progress, &lines);
	}
	progress_clear(&progress);
	if (result < 0)
		tool_complain(import->tool->command, "%s: %s", import->input, strerror(-result));
	if (import->wrong > TOLD_MAX)
		tool_complain(import->tool->command, "and %" PRIu64 " more wrong lines",
			import->wrong - TOLD_MAX);
	return result < 0 || import->wrong > 0 ? TOOL_FAILED : TOOL_DONE;
}
