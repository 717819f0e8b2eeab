/* cli/lines: lines from a pipe, however it is cut into reads. */
#include "cli/lines.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>

/* Everything that comes out: each line in brackets, "!" for one too long, with its number. */
static void take_all(struct lines *lines, struct buffer *to)
{
	struct slice line;
	int result;

	while ((result = lines_take(lines, &line)) != LINES_NONE) {
		buffer_print(to, "%d", (int)lines->number);
		if (result == LINES_TOO_LONG)
			buffer_append_string(to, "!");
		else
			buffer_print(to, "[%.*s]", (int)line.len, line.len > 0 ? line.data : "");
	}
}

/* Writes the text in two pieces, cut at `cut`, and reads after each. */
static const char *read_cut(const char *text, size_t len, size_t cut, struct buffer *seen)
{
	int ends[2];
	struct lines lines;

	buffer_clear(seen);
	if (pipe(ends) < 0)
		return NULL;
	lines = lines_of(ends[0]);
	if (cut > 0 && write(ends[1], text, cut) == (ssize_t)cut && lines_fill(&lines) == 0)
		take_all(&lines, seen);
	if (len > cut && write(ends[1], text + cut, len - cut) == (ssize_t)(len - cut) &&
		lines_fill(&lines) == 0)
		take_all(&lines, seen);
	close(ends[1]);
	if (lines_fill(&lines) == 0)
		take_all(&lines, seen);
	if (!lines.ended)
		buffer_append_string(seen, " not ended");
	close(ends[0]);
	lines_release(&lines);
	return buffer_string(seen);
}

static void test_splits(void)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "" },
		{ "\n", "1[]" },
		{ "one", "1[one]" },
		{ "one\n", "1[one]" },
		{ "one\ntwo", "1[one]2[two]" },
		{ "one\n\n\nfour\r\n", "1[one]2[]3[]4[four\r]" },
	};
	_cleanup_(buffer_release) struct buffer seen = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		for (size_t cut = 0; cut <= strlen(cases[i].text); cut++)
			ok_string_equal(read_cut(cases[i].text, strlen(cases[i].text), cut, &seen),
				cases[i].expected, "case %zu cut at %zu", i, cut);
}

/* A line of n bytes between two short ones, from a file: it comes in several reads. */
static void long_line(size_t n, bool ended_by_line_feed, const char *expected)
{
	FILE *file = tmpfile();
	_cleanup_(buffer_release) struct buffer seen = { 0 };
	struct lines lines = lines_of(fileno(file));
	struct slice line;
	int result;

	fputs("a\n", file);
	for (size_t i = 0; i < n; i++)
		fputc('x', file);
	if (ended_by_line_feed)
		fputs("\nb\n", file);
	rewind(file);
	while (!lines.ended && lines_fill(&lines) == 0) {
		while ((result = lines_take(&lines, &line)) != LINES_NONE)
			buffer_print(&seen, "%d:%d ", (int)lines.number,
				result == LINES_TOO_LONG ? -1 : (int)line.len);
		if (!tap_ok(lines.held.len <= 3 * LINES_MAX, "memory is bounded"))
			break;
	}
	ok_string_equal(buffer_string(&seen), expected, "a line of %zu bytes", n);
	lines_release(&lines);
	fclose(file);
}

static void test_failure(void)
{
	struct lines lines = lines_of(-1);
	struct slice line;

	ok_int_equal(lines_fill(&lines), -EBADF, "a descriptor that cannot be read");
	ok_int_equal(lines_take(&lines, &line), LINES_NONE, "and no line from it");
	lines_release(&lines);
}

int main(void)
{
	test_splits();
	long_line(LINES_MAX, true, "1:1 2:65536 3:1 ");
	long_line(LINES_MAX + 1, true, "1:1 2:-1 3:1 ");
	long_line(LINES_MAX, false, "1:1 2:65536 ");
	long_line(LINES_MAX + 1, false, "1:1 2:-1 ");
	long_line(1000000, true, "1:1 2:-1 3:1 ");
	long_line(1000000, false, "1:1 2:-1 ");
	test_failure();
	return tap_done();
}
