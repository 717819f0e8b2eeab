/*
 * INI lines by way of inih, see config_file.h.
 *
 * inih divides lines into names and values and drops comments. It is lenient, and
 * it gives neither line numbers nor all errors, so it reads through
 * read_line(), which knows the number, refuses what inih would cut or guess at, and
 * sees from one line to the next whether inih made anything of it:
 *
 *	- a refused line reaches inih as an empty one;
 *	- no line reaches it with white space in front, which would make it a
 *	  continuation of the value above;
 *	- a section's line is checked here, for inih takes "[store] size = 1".
 *
 * Limits: CONFIG_FILE_MAX and CONFIG_FILE_LINE_MAX; where inih was built with a
 * shorter line that cannot be changed, a longer one is refused, never cut.
 */
#include "lib/config_file.h"

#include "lib/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>

/* Debian lets a program set these; elsewhere they are fixed when inih is built. */
extern bool ini_use_stack __attribute__((weak));
extern int ini_initial_alloc __attribute__((weak));

enum { PIECE = 4096 /* bytes read at a time */ };

struct lines {
	const char *path;
	const struct config_file_reader *reader;
	struct buffer *problems;
	struct slice rest; /* not read yet */
	unsigned line;
	bool expected; /* the line holds a key, and inih has not told it yet */
	bool wanted;   /* the section's keys are */
};

void config_file_problem(struct buffer *problems, const char *path, unsigned line)
{
	if (line > 0)
		buffer_print(problems, "%s:%u: ", path, line);
	else
		buffer_print(problems, "%s: ", path);
}

static void refuse_line(struct lines *lines, const char *sentence)
{
	config_file_problem(lines->problems, lines->path, lines->line);
	buffer_print(lines->problems, "%s\n", sentence);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct slice strip(struct slice text)
{
	while (text.len > 0 && is_space(text.data[text.len - 1]))
		text.len--;
	while (text.len > 0 && is_space(text.data[0])) {
		text.data++;
		text.len--;
	}
	return text;
}

/* The next line, without its end and the white space around it. */
static struct slice next_line(struct lines *lines)
{
	struct slice text = lines->rest;
	const char *end = memchr(text.data, '\n', text.len);
	size_t used = end ? (size_t)(end - text.data) + 1 : text.len;

	if (end)
		text.len = used - 1;
	lines->rest.data += used;
	lines->rest.len -= used;
	lines->line++;
	return strip(text);
}

static const char *line_problem(struct slice text, size_t max)
{
	if (text.len > max)
		return "the line is too long";
	if (utf8_length(text) == UTF8_INVALID)
		return "the line is not UTF-8 text";
	if (utf8_has_control(text, "\t"))
		return "the line holds a control character";
	return NULL;
}

/* Whether nothing but a comment stands behind the "]". */
static bool section_ends_well(struct slice behind)
{
	struct slice comment = strip(behind);

	return comment.len == 0 || (is_space(behind.data[0]) && comment.data[0] == ';');
}

static void begin_section(struct lines *lines, struct slice text)
{
	const char *end = memchr(text.data, ']', text.len);
	char name[64];
	size_t len;

	lines->wanted = false;
	if (!end || !section_ends_well((struct slice){ .data = end + 1,
			    .len = (size_t)(text.data + text.len - end - 1) })) {
		refuse_line(lines, "a section is written [name]");
		return;
	}
	len = (size_t)(end - text.data) - 1;
	if (len >= sizeof(name)) {
		refuse_line(lines, "the section's name is too long");
		return;
	}
	memcpy(name, text.data + 1, len);
	name[len] = '\0';
	lines->wanted = lines->reader->section(lines->reader->context, lines->line, name);
}

/* Puts a line to inih, which has room for `max` bytes, or an empty one if it is refused. */
static size_t put_line(struct lines *lines, char *to, size_t max)
{
	struct slice text = next_line(lines);
	const char *problem = line_problem(text, max);

	if (problem) {
		refuse_line(lines, problem);
		return 0;
	}
	if (text.len == 0)
		return 0;
	if (text.data[0] == '[')
		begin_section(lines, text);
	else
		lines->expected = !strchr(";#", text.data[0]);
	memcpy(to, text.data, text.len);
	return text.len;
}

/* What inih calls like fgets(). */
static char *read_line(char *to, int size, void *stream)
{
	struct lines *lines = stream;
	size_t len;

	if (lines->expected)
		refuse_line(lines, "neither a [section], a comment nor key = value");
	lines->expected = false;
	if (lines->rest.len == 0)
		return NULL;
	len = put_line(lines, to, (size_t)size - 2);
	to[len] = '\n';
	to[len + 1] = '\0';
	return to;
}

static int take_key(void *stream, const char *section, const char *name, const char *value)
{
	struct lines *lines = stream;
	const struct config_file_reader *reader = lines->reader;

	lines->expected = false;
	if (lines->wanted)
		reader->key(reader->context, lines->line, section, name, value);
	return 1;
}

static void skip_byte_order_mark(struct slice *text)
{
	if (text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0) {
		text->data += 3;
		text->len -= 3;
	}
}

/* Reads to the end; more than the buffer's limit less one piece is too much. */
static int read_all(int fd, struct buffer *to)
{
	for (;;) {
		char *at = buffer_reserve(to, PIECE);
		ssize_t n;

		if (!at)
			return buffer_status(to) == -ENOBUFS ? -EFBIG : buffer_status(to);
		n = read(fd, at, PIECE);
		if (n == 0)
			return 0;
		if (n > 0)
			to->len += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
}

static int open_and_read(const char *path, struct buffer *to)
{
	_cleanup_(closing_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : read_all(fd, to);
}

int config_file_read(const char *path, const struct config_file_reader *reader,
	struct buffer *problems)
{
	_cleanup_(buffer_release) struct buffer text = { .limit = CONFIG_FILE_MAX + PIECE };
	struct lines lines = { .path = path,
		.reader = reader,
		.problems = problems,
		.wanted = true };
	int result = open_and_read(path, &text);

	if (result < 0) {
		config_file_problem(problems, path, 0);
		buffer_print(problems, "%s\n", strerror(-result));
		return result;
	}
	if (text.len == 0)
		return 0;
	if (&ini_use_stack && &ini_initial_alloc) {
		ini_use_stack = false;
		ini_initial_alloc = CONFIG_FILE_LINE_MAX + 2;
	}
	lines.rest = buffer_slice(&text);
	skip_byte_order_mark(&lines.rest);
	return ini_parse_stream(read_line, &lines, take_key, &lines) == -2 ? -ENOMEM : 0;
}
