/* What tidings doctor has found, and how it is printed, see doctor.h. */
#include "cli/doctor.h"

#include "cli/output.h"
#include "cli/table.h"
#include "cli/text.h"
#include "lib/json.h"

static const struct grade {
	const char *heading;
	const char *word; /* in JSON */
	enum style style;
} grades[DOCTOR_GRADES] = {
	[DOCTOR_OK] = { "OK", "ok", STYLE_GOOD },
	[DOCTOR_UNCHECKED] = { "NOT CHECKED", "unchecked", STYLE_PLAIN },
	[DOCTOR_WARNING] = { "WARNING", "warning", STYLE_WARNING },
	[DOCTOR_FAILURE] = { "FAILURE", "failure", STYLE_BAD },
};

static struct doctor_finding *findings_of(const struct doctor *doctor, size_t *ret_count)
{
	*ret_count = doctor->findings.len / sizeof(struct doctor_finding);
	return (struct doctor_finding *)doctor->findings.data;
}

static char *format_text(const char *format, va_list values)
{
	char *text;

	return vasprintf(&text, format, values) < 0 ? NULL : text;
}

void doctor_say(struct doctor *doctor, enum doctor_grade grade, const char *format, ...)
{
	struct doctor_finding finding = { .check = doctor->check, .grade = grade };
	va_list values;

	va_start(values, format);
	finding.text = format_text(format, values);
	va_end(values);
	buffer_append(&doctor->findings, &finding, sizeof(finding));
	if (buffer_status(&doctor->findings) < 0)
		free(finding.text);
}

void doctor_advise(struct doctor *doctor, const char *format, ...)
{
	size_t count;
	struct doctor_finding *findings = findings_of(doctor, &count);
	va_list values;

	if (count == 0)
		return;
	va_start(values, format);
	free(findings[count - 1].remedy);
	findings[count - 1].remedy = format_text(format, values);
	va_end(values);
}

enum doctor_grade doctor_worst(const struct doctor *doctor)
{
	enum doctor_grade worst = DOCTOR_OK;
	size_t count;
	const struct doctor_finding *findings = findings_of(doctor, &count);

	for (size_t i = 0; i < count; i++)
		if (findings[i].grade > worst)
			worst = findings[i].grade;
	return worst;
}

/* ---- printing ---- */

/* Names of files and what servers say need not be UTF-8, as JSON has to be. */
static void append_string(struct buffer *to, const char *text)
{
	_cleanup_(buffer_release) struct buffer printable = { 0 };

	text_append(&printable, slice_of(text), TEXT_UNCUT);
	json_append_string(to, buffer_slice(&printable));
}

static void append_json(struct buffer *to, const struct doctor_finding *finding)
{
	buffer_print(to, "{\"check\":\"%s\",\"result\":\"%s\",\"finding\":", finding->check,
		grades[finding->grade].word);
	append_string(to, finding->text);
	if (finding->remedy) {
		buffer_append_string(to, ",\"remedy\":");
		append_string(to, finding->remedy);
	}
	buffer_append_string(to, "}");
}

static int print_json(const struct doctor *doctor)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	size_t count;
	const struct doctor_finding *findings = findings_of(doctor, &count);

	buffer_print(&text, "{\"ok\":%s,\"findings\":[",
		doctor_worst(doctor) < DOCTOR_FAILURE ? "true" : "false");
	for (size_t i = 0; i < count; i++) {
		buffer_append_string(&text, i > 0 ? "," : "");
		append_json(&text, &findings[i]);
	}
	buffer_append_string(&text, "]}");
	return output_json(&doctor->tool, &text);
}

/* A remedy stands below what it is for; no column is cut, for that would take it away. */
static int print_table(const struct doctor *doctor)
{
	static const struct table_column columns[] = { { .heading = "RESULT" },
		{ .heading = "CHECK" }, { .heading = "FINDING" } };
	_cleanup_(table_release) struct table table = table_of(columns, ARRAY_LENGTH(columns));
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct terminal terminal = terminal_of(STDOUT_FILENO);
	size_t count;
	const struct doctor_finding *findings = findings_of(doctor, &count);

	for (size_t i = 0; i < count; i++) {
		const struct grade *grade = &grades[findings[i].grade];

		table_add(&table, slice_of(grade->heading), grade->style);
		table_add(&table, slice_of(findings[i].check), STYLE_PLAIN);
		table_add(&table, slice_of(findings[i].text), STYLE_PLAIN);
		if (!findings[i].remedy)
			continue;
		table_add(&table, SLICE(""), STYLE_PLAIN);
		table_add(&table, SLICE(""), STYLE_PLAIN);
		table_add(&table, slice_of(findings[i].remedy), STYLE_STRONG);
	}
	table_format(&text, &table, &terminal);
	return output_text(&doctor->tool, &text);
}

int doctor_print(const struct doctor *doctor)
{
	int status = doctor->tool.json ? print_json(doctor) : print_table(doctor);

	if (buffer_status(&doctor->findings) < 0) {
		tool_complain(doctor->tool.command, "findings are missing: out of memory");
		return TOOL_FAILED;
	}
	return doctor_worst(doctor) == DOCTOR_FAILURE ? TOOL_FAILED : status;
}

void doctor_release(struct doctor *doctor)
{
	size_t count;
	struct doctor_finding *findings = findings_of(doctor, &count);

	for (size_t i = 0; i < count; i++) {
		free(findings[i].text);
		free(findings[i].remedy);
	}
	buffer_release(&doctor->findings);
	control_answer_release(&doctor->push);
	json_object_put(doctor->store);
	free(doctor->url);
	free(doctor->minted);
	free(doctor->server);
	tool_close(&doctor->tool);
}
