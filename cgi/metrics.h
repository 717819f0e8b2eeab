/*
 * The figures as Prometheus reads them: its text format, version 0.0.4. One table says under
 * which name, with which unit and which explanation each figure of GET /stats is exported; the
 * status page lists them by the same table, and the page status.fcgi(8) is compared with it.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/json.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_kind {
	METRIC_GAUGE,
	METRIC_COUNTER,
	METRIC_HISTOGRAM, /* an object with buckets, count and sum */
	METRIC_TEXT,	  /* the text is the value of the label, the number is 1 */
	METRIC_PRESENCE,  /* 1 if there is such an object, 0 if not */
};

struct metric {
	const char *figure; /* its path in GET /stats */
	const char *name;
	/*
	 * The name of a label, whose values are the names of the figure's members; or a label with
	 * its value, as `part="store"`; or NULL.
	 */
	const char *label;
	enum metric_kind kind;
	double unit; /* of the name, in those of the figure: 1e-6 for microseconds as seconds */
	const char *help;
};

/* Ended by a NULL figure. Those of the same name stand together. */
const struct metric *metrics_table(void);

/* "gauge", "counter" or "histogram" */
const char *metric_type(const struct metric *metric);

/* Appends all figures that there are. */
void metrics_format(struct buffer *to, struct json_object *json);

/* Appends a number as the format has it: whole ones exactly. */
void metrics_append_number(struct buffer *to, double number);
