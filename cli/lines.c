/* Lines of a descriptor, see lines.h. */
#include "cli/lines.h"

#include <errno.h>

enum { READ_SIZE = 65536 };

struct lines lines_of(int fd)
{
	return (struct lines){ .fd = fd };
}

void lines_release(struct lines *lines)
{
	buffer_release(&lines->held);
}

int lines_fill(struct lines *lines)
{
	char *room;
	ssize_t n;

	buffer_consume(&lines->held, lines->begin);
	lines->begin = 0;
	room = buffer_reserve(&lines->held, READ_SIZE);
	if (!room)
		return -ENOMEM;
	n = read(lines->fd, room, READ_SIZE);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		lines->ended = true;
	lines->held.len += (size_t)n;
	return 0;
}

static struct slice lines_rest(const struct lines *lines)
{
	if (lines->held.len == lines->begin)
		return (struct slice){ 0 };
	return (struct slice){ .data = lines->held.data + lines->begin,
		.len = lines->held.len - lines->begin };
}

/* Drops what is left of a line that was too long. */
static void skip_rest_of_line(struct lines *lines)
{
	struct slice rest = lines_rest(lines);
	const char *end = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;

	lines->begin += end ? (size_t)(end - rest.data) + 1 : rest.len;
	lines->skipping = !end;
}

int lines_take(struct lines *lines, struct slice *ret_line)
{
	struct slice line;
	const char *end;

	if (lines->skipping)
		skip_rest_of_line(lines);
	line = lines_rest(lines);
	end = line.len > 0 ? memchr(line.data, '\n', line.len) : NULL;
	if (end)
		line.len = (size_t)(end - line.data);
	else if (line.len == 0 || (!lines->ended && line.len <= LINES_MAX))
		return LINES_NONE;

	lines->number++;
	lines->begin += line.len + (end ? 1 : 0);
	if (line.len > LINES_MAX) {
		lines->skipping = !end;
		return LINES_TOO_LONG;
	}
	*ret_line = line;
	return 0;
}

bool lines_is_blank(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
			return false;
	return true;
}
