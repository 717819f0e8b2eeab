/* The outcome of a check, see report.h. */
#include "stored/report.h"

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/utf8.h"

#include <inttypes.h>
#include <stdarg.h>

enum { PROGRESS_MS = 250, PROGRESS_EVERY = 1024 /* counted, between two looks at the clock */ };

static const struct {
	const char *one, *many, *member;
} items[REPORT_ITEMS] = {
	[REPORT_USERS] = { "user", "users", "users" },
	[REPORT_NOTIFICATIONS] = { "notification", "notifications", "notifications" },
	[REPORT_UNREAD] = { "unread", "unread", "unread" },
	[REPORT_BROADCASTS] = { "broadcast", "broadcasts", "broadcasts" },
	[REPORT_MARKS] = { "mark", "marks", "marks" },
	[REPORT_CHANGES] = { "change", "changes", "changes" },
	[REPORT_DUE] = { "due", "due", "due" },
	[REPORT_ATTEMPTS] = { "attempt", "attempts", "attempts" },
};

void report_begin(struct report *report, FILE *to, bool json)
{
	*report = (struct report){
		.to = to,
		.json = json,
		.progress = isatty(STDERR_FILENO),
	};
}

/* Names come from the tables, and may be anything: control characters become \xHH. */
static void append_printable(struct buffer *to, struct slice text)
{
	bool plain = utf8_length(text) != UTF8_INVALID && !utf8_has_control(text, "");

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (plain || (c >= 0x20 && c < 0x7f))
			buffer_append(to, &text.data[i], 1);
		else
			buffer_print(to, "\\x%02x", c);
	}
}

static void take_progress_away(struct report *report)
{
	if (report->shown)
		fputs("\r\033[K", stderr);
	report->shown = false;
}

static void tell(struct report *report, struct slice sentence)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };

	append_printable(&line, sentence);
	if (report->json) {
		if (report->list.len > 0)
			buffer_append(&report->list, ",", 1);
		json_append_string(&report->list, buffer_slice(&line));
	} else if (buffer_string(&line)) {
		take_progress_away(report);
		fprintf(report->to, "%s\n", line.data);
	}
}

void report_problem(struct report *report, const char *format, ...)
{
	_cleanup_(freeing_memory) char *sentence = NULL;
	va_list values;
	int length;

	if (report->problems++ >= REPORT_PROBLEMS_MAX)
		return;
	va_start(values, format);
	length = vasprintf(&sentence, format, values);
	va_end(values);
	if (length < 0)
		sentence = NULL; /* it is counted all the same */
	else
		tell(report, (struct slice){ sentence, (size_t)length });
}

void report_count(struct report *report, enum report_item item)
{
	int64_t now;

	if (++report->counted[item] % PROGRESS_EVERY != 0 || !report->progress)
		return;
	now = clock_ms();
	if (now < report->next)
		return;
	report->next = now + PROGRESS_MS;
	report->shown = true;
	fprintf(stderr, "\r\033[K%" PRIu64 " users, %" PRIu64 " notifications",
		report->counted[REPORT_USERS], report->counted[REPORT_NOTIFICATIONS]);
}

void report_step(struct report *report, const char *step, const char *what)
{
	if (!report->progress)
		return;
	report->shown = true;
	fprintf(stderr, "\r\033[K%s %s", step, what);
}

static void print_text(const struct report *report)
{
	if (report->problems > REPORT_PROBLEMS_MAX)
		fprintf(report->to, "... and %" PRIu64 " more\n",
			report->problems - REPORT_PROBLEMS_MAX);
	fputs("checked", report->to);
	for (int i = 0; i < REPORT_ITEMS; i++)
		fprintf(report->to, "%s %" PRIu64 " %s", i > 0 ? "," : "", report->counted[i],
			report->counted[i] == 1 ? items[i].one : items[i].many);
	if (report->problems == 0)
		fputs(": no problems\n", report->to);
	else
		fprintf(report->to, ": %" PRIu64 " %s\n", report->problems,
			report->problems == 1 ? "problem" : "problems");
}

static void print_json(const struct report *report)
{
	struct slice list = buffer_slice(&report->list);

	fprintf(report->to,
		"{\"ok\":%s,\"problemCount\":%" PRIu64 ",\"problems\":[%.*s],\"counted\":{",
		report->problems == 0 ? "true" : "false", report->problems,
		buffer_status(&report->list) == 0 ? (int)list.len : 0,
		list.len > 0 ? list.data : "");
	for (int i = 0; i < REPORT_ITEMS; i++)
		fprintf(report->to, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", items[i].member,
			report->counted[i]);
	fputs("}}\n", report->to);
}

uint64_t report_end(struct report *report)
{
	take_progress_away(report);
	if (report->json)
		print_json(report);
	else
		print_text(report);
	buffer_release(&report->list);
	return report->problems;
}
