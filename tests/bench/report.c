/* The report of a benchmark, see report.h. */
#include "tests/bench/report.h"

#include "lib/buffer.h"
#include "lib/json.h"

#include <math.h>
#include <stdarg.h>

enum { NUMBER = 32 /* bytes of text */ };

/* With three digits that mean something. */
static const char *format_number(double value, char text[static NUMBER])
{
	int decimals = fabs(value) < 10 ? 2 : fabs(value) < 100 ? 1 : 0;

	snprintf(text, NUMBER, "%.*f", decimals, value);
	return text;
}

static double row_ratio(const struct row *row)
{
	return row->ratio != 0 ? row->ratio : row->value / row->reference;
}

static bool row_met(const struct row *row)
{
	double judged = row->against ? row_ratio(row) : row->value;

	return row->bound == BOUND_AT_LEAST ? judged >= row->limit : judged <= row->limit;
}

static const char *bound_sign(enum bound bound)
{
	return bound == BOUND_AT_LEAST ? ">=" : "<=";
}

static void print_heading(struct report *report, const struct row *row)
{
	if (!report->measurement)
		printf("%-38s %8s %-3s %8s %-12s %7s  %s\n", "", report->program, "", "",
			"reference", "ratio", "target");
	if (!report->measurement || strcmp(report->measurement, row->measurement) != 0)
		printf("%s%s\n", report->measurement ? "\n" : "", row->measurement);
	report->measurement = row->measurement;
}

/* Columns are wide enough for all that there is, so that no row waits for the others. */
static void print_row(const struct row *row)
{
	char value[NUMBER], reference[NUMBER];

	printf("  %-36s %8s %-3s", row->name, format_number(row->value, value), row->unit);
	if (row->against)
		printf(" %8s %-12s %7.2f", format_number(row->reference, reference), row->against,
			row_ratio(row));
	if (row->bound != BOUND_NONE)
		printf("%*s  %s %s%s", row->against ? 0 : 30, "", bound_sign(row->bound),
			format_number(row->limit, value), row_met(row) ? "" : " missed");
	putchar('\n');
}

static void append_text(struct buffer *to, const char *name, const char *text)
{
	buffer_print(to, "%s\"%s\":", to->len > 1 ? "," : "", name);
	json_append_string(to, slice_of(text));
}

static void append_number(struct buffer *to, const char *name, double value)
{
	if (isfinite(value))
		buffer_print(to, ",\"%s\":%.9g", name, value);
	else
		buffer_print(to, ",\"%s\":null", name);
}

static void print_json(const struct report *report, const struct row *row)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };

	buffer_append_string(&line, "{");
	append_text(&line, "program", report->program);
	append_text(&line, "measurement", row->measurement);
	append_text(&line, "name", row->name);
	append_text(&line, "unit", row->unit);
	append_number(&line, "value", row->value);
	if (row->against) {
		append_text(&line, "against", row->against);
		append_number(&line, "reference", row->reference);
		append_number(&line, "ratio", row_ratio(row));
	}
	if (row->bound != BOUND_NONE) {
		append_text(&line, "bound", bound_sign(row->bound));
		append_number(&line, "limit", row->limit);
		buffer_print(&line, ",\"met\":%s", row_met(row) ? "true" : "false");
	}
	buffer_append_string(&line, "}");
	puts(buffer_string(&line) ? line.data : "");
}

void report_row(struct report *report, const struct row *row)
{
	if (report->json) {
		print_json(report, row);
	} else {
		print_heading(report, row);
		print_row(row);
	}
	fflush(stdout);
}

void report_note(const struct report *report, const char *format, ...)
{
	va_list list;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "%s: ", report->program);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}
