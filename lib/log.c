/*
 * One line a message on standard error, see log.h. A line is made in full and
 * goes out in one write(2), so that lines of several processes and threads do not
 * mix; it is never longer than what a pipe takes in one piece. What cannot be
 * written is dropped: a program must not stand still for its log.
 *
 * Text from outside may be part of a message. Control characters and bytes that
 * are not UTF-8 are written as \xHH, so that nobody can forge a line or steer a
 * terminal.
 */
#include "lib/log.h"

#include "lib/clock.h"
#include "lib/result.h"
#include "lib/utf8.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 2048, LINE_SIZE = PIPE_BUF };

/* Ends a line that was cut. */
static const char CUT[] = "...\n";

/* Where standard error goes is of the process, and so is this. */
static const char *program = "tidings";
static enum log_level limit = LOG_LEVEL_INFO;
static bool to_journal;
static log_sink sink;

static const struct {
	const char *name;
	enum log_level level;
} levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

struct line {
	char text[LINE_SIZE];
	size_t len;
};

/* What was said of each kind of event; there may be several threads. */
static struct {
	int64_t begun;	      /* ms: the period in which … */
	unsigned said;	      /* … so many lines were written … */
	unsigned omitted;     /* … and so many were not */
	enum log_level level; /* of those */
} periods[LOG_EVENTS];
static pthread_mutex_t periods_lock = PTHREAD_MUTEX_INITIALIZER;

bool log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;
	int end = 0;

	return stream && sscanf(stream, "%llu:%llu%n", &device, &inode, &end) == 2 &&
	       stream[end] == '\0' && fstat(STDERR_FILENO, &status) == 0 &&
	       status.st_dev == device && status.st_ino == inode;
}

void log_open(const char *name, enum log_level level)
{
	program = name;
	limit = level;
	to_journal = log_is_journal();
}

void log_set_sink(log_sink taker)
{
	sink = taker;
}

void log_set_level(enum log_level level)
{
	limit = level;
}

enum log_level log_get_level(void)
{
	return limit;
}

bool log_takes(enum log_level level)
{
	return level <= limit;
}

/* Appends if it and what ends a line still fit. */
static bool append(struct line *line, const char *text, size_t len)
{
	if (len + sizeof(CUT) > sizeof(line->text) - line->len)
		return false;
	memcpy(line->text + line->len, text, len);
	line->len += len;
	return true;
}

/* The length of the UTF-8 character that begins with this byte. */
static size_t character_length(unsigned char c)
{
	if (c < 0xc0)
		return 1;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool append_escaped(struct line *line, const char *text, size_t len)
{
	char escaped[4 * 4 + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(escaped + 4 * i, 5, "\\x%02x", (unsigned char)text[i]);
	return append(line, escaped, 4 * len);
}

/* Appends one character, or its escape; false if the line is full. */
static bool append_character(struct line *line, const char *text, size_t len, bool valid)
{
	struct slice character = { .data = text, .len = len };
	bool plain = valid && !utf8_has_control(character, "");

	return plain ? append(line, text, len) : append_escaped(line, text, len);
}

static bool append_text(struct line *line, struct slice text)
{
	bool valid = utf8_length(text) != UTF8_INVALID;
	size_t len;

	for (size_t i = 0; i < text.len; i += len) {
		unsigned char first = (unsigned char)text.data[i];

		len = valid ? character_length(first) : 1;
		if (!append_character(line, text.data + i, len, valid || first < 0x80))
			return false;
	}
	return true;
}

/* Ends the line; there is always room for that. */
static void end_line(struct line *line, bool complete)
{
	const char *end = complete ? "\n" : CUT;

	memcpy(line->text + line->len, end, strlen(end));
	line->len += strlen(end);
}

static void append_prefix(struct line *line, enum log_level level)
{
	char prefix[128];
	int len;

	if (to_journal)
		len = snprintf(prefix, sizeof(prefix), "<%d>", (int)level);
	else
		len = snprintf(prefix, sizeof(prefix), "%.100s: ", program);
	append(line, prefix, (size_t)len);
}

/* vsnprintf may have cut a character in two; takes the part of it away. */
static size_t whole_characters(const char *text, size_t len)
{
	size_t begin = len;

	while (begin > 0 && len - begin < 3 && (text[begin - 1] & 0xc0) == 0x80)
		begin--;
	if (begin > 0 && begin - 1 + character_length((unsigned char)text[begin - 1]) > len)
		return begin - 1;
	return len;
}

/* Gives it to the sink, or makes it a line of its own on standard error. */
static void write_record(struct log_record record, struct slice message, bool complete)
{
	struct line line = { .len = 0 };
	size_t prefix;

	append_prefix(&line, record.level);
	prefix = line.len;
	end_line(&line, append_text(&line, message) && complete);
	record.program = program;
	record.message = (struct slice){ line.text + prefix, line.len - prefix - 1 };
	if (!sink || sink(&record) < 0)
		(void)!write(STDERR_FILENO, line.text, line.len);
}

static void write_message(struct log_record record, const char *format, va_list arguments)
{
	int saved_errno = errno;
	char text[MESSAGE_SIZE];
	int len = vsnprintf(text, sizeof(text), format, arguments);
	struct slice message = { text, (size_t)len };

	if (len >= MESSAGE_SIZE)
		message.len = whole_characters(text, MESSAGE_SIZE - 1);
	if (len >= 0)
		write_record(record, message, len < MESSAGE_SIZE);
	errno = saved_errno;
}

void log_message(enum log_level level, const char *format, ...)
{
	va_list arguments;

	if (!log_takes(level))
		return;
	va_start(arguments, format);
	write_message((struct log_record){ .level = level }, format, arguments);
	va_end(arguments);
}

void log_lines(enum log_level level, struct slice lines)
{
	struct slice line;

	while (slice_take_line(&lines, &line))
		log_message(level, "%.*s", (int)line.len, line.data);
}

/* ---- events ---- */

/* Ends a period that is over and tells what was left out in it. */
static void settle(enum log_event event, int64_t now)
{
	unsigned omitted;

	if (now - periods[event].begun < LOG_EVENT_PERIOD)
		return;
	omitted = periods[event].omitted;
	periods[event].said = periods[event].omitted = 0;
	periods[event].begun = now;
	if (omitted > 0)
		log_message(periods[event].level, "%u more lines about %s were left out", omitted,
			log_event_noun(event));
}

void log_settle(void)
{
	int64_t now = clock_ms();

	pthread_mutex_lock(&periods_lock);
	for (int event = 0; event < LOG_EVENTS; event++)
		if (periods[event].omitted > 0)
			settle((enum log_event)event, now);
	pthread_mutex_unlock(&periods_lock);
}

/* Whether one more line may be written now; counts it. */
static bool take_line(enum log_level level, enum log_event event)
{
	bool taken;

	pthread_mutex_lock(&periods_lock);
	settle(event, clock_ms());
	taken = periods[event].said < LOG_EVENT_MAX;
	if (taken)
		periods[event].said++;
	else
		periods[event].omitted++;
	periods[event].level = level;
	pthread_mutex_unlock(&periods_lock);
	return taken;
}

void log_event(enum log_level level, enum log_event event, const struct log_field *fields,
	const char *format, ...)
{
	const struct log_record record = { .level = level,
		.message_id = log_event_id(event),
		.fields = fields };
	va_list arguments;

	if (!log_takes(level) || !take_line(level, event))
		return;
	va_start(arguments, format);
	write_message(record, format, arguments);
	va_end(arguments);
}

/* ---- levels ---- */

int log_level_parse(const char *name, enum log_level *ret_level)
{
	for (size_t i = 0; i < ARRAY_LENGTH(levels); i++)
		if (strcmp(levels[i].name, name) == 0) {
			*ret_level = levels[i].level;
			return 0;
		}
	return -EINVAL;
}

const char *log_level_name(enum log_level level)
{
	size_t i = 0;

	while (levels[i].level < level && i + 1 < ARRAY_LENGTH(levels))
		i++;
	return levels[i].name;
}
