/* Statistics as rows of a table, see figures.h. */
#include "cli/figures.h"

#include "lib/quantity.h"

#include <inttypes.h>

enum { MEMBERS_ALL = 8 /* so many members are shown even if they are 0 */ };

static void quantity_milliseconds(struct buffer *to, uint64_t milliseconds)
{
	quantity_microseconds(to, milliseconds * 1000);
}

/* How a number is written, by what its name ends in; the rest of the name is the label's. */
static const struct unit {
	const char *suffix;
	void (*format)(struct buffer *to, uint64_t number);
	bool kept; /* in the label, too */
} units[] = {
	{ "Bytes", quantity_bytes, false },
	{ "bytes", quantity_bytes, true },
	{ "bytesOut", quantity_bytes, true },
	{ "Microseconds", quantity_microseconds, false },
	{ "Milliseconds", quantity_milliseconds, false },
	{ "uptime", quantity_seconds, true },
};

static bool ends_in(struct slice name, const char *suffix)
{
	size_t len = strlen(suffix);

	return name.len >= len && memcmp(name.data + name.len - len, suffix, len) == 0;
}

static const struct unit *find_unit(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
		if (ends_in(name, units[i].suffix))
			return &units[i];
	return NULL;
}

/* A name as words: "hitRate" is "hit rate", "all_read" is "all read". */
static void append_words(struct buffer *to, struct slice name)
{
	if (to->len > 0 && name.len > 0)
		buffer_append_string(to, " ");
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i] == '_' ? ' ' : name.data[i];

		if (c >= 'A' && c <= 'Z') {
			buffer_append_string(to, i > 0 ? " " : "");
			c = (char)(c - 'A' + 'a');
		}
		buffer_append(to, &c, 1);
	}
}

static void append_fraction(struct buffer *to, double number, struct slice name)
{
	if (ends_in(name, "Rate"))
		buffer_print(to, "%.1f %%", number * 100);
	else
		buffer_print(to, "%.2f", number);
}

static void append_value(struct buffer *to, struct json_object *value, struct slice name)
{
	const struct unit *unit = find_unit(name);

	switch (json_object_get_type(value)) {
	case json_type_int:
		if (unit)
			unit->format(to, json_object_get_uint64(value));
		else
			buffer_append_decimal(to, json_object_get_uint64(value));
		return;
	case json_type_double:
		append_fraction(to, json_object_get_double(value), name);
		return;
	case json_type_boolean:
		buffer_append_string(to, json_object_get_boolean(value) ? "yes" : "no");
		return;
	case json_type_string:
		buffer_append_slice(to, json_string(value));
		return;
	default:
		buffer_append_string(to, "-");
	}
}

/* Where rows go to, and what was there `seconds` before; 0 = rows have no rate. */
struct figures {
	struct table *table;
	double seconds;
};

static void add_row(const struct figures *figures, struct slice label, const char *more,
	struct slice value, struct slice rate)
{
	_cleanup_(buffer_release) struct buffer whole = { 0 };

	buffer_append_slice(&whole, label);
	buffer_append_string(&whole, more);
	table_add(figures->table, buffer_slice(&whole), STYLE_PLAIN);
	table_add(figures->table, value, STYLE_PLAIN);
	if (figures->seconds > 0)
		table_add(figures->table, rate, STYLE_STRONG);
}

/* How a number grows, if it does. */
static void append_rate(struct buffer *to, const struct figures *figures, struct json_object *value,
	struct json_object *before)
{
	double grown;

	if (figures->seconds <= 0 || !json_object_is_type(value, json_type_int) ||
		!json_object_is_type(before, json_type_int))
		return;
	grown = json_object_get_double(value) - json_object_get_double(before);
	if (grown != 0)
		buffer_print(to, "%+.1f", grown / figures->seconds);
}

/* ---- histograms: {"buckets":{BOUND:how many up to it},"count":…,"sum":…}, in microseconds ---- */

static uint64_t number_of(struct json_object *object, const char *name)
{
	return json_object_get_uint64(json_object_object_get(object, name));
}

/* The bound that so many percent do not exceed. */
static void append_bound(struct buffer *to, struct json_object *histogram, uint64_t percent)
{
	uint64_t count = number_of(histogram, "count");
	const char *last = "";

	json_object_object_foreach(json_object_object_get(histogram, "buckets"), bound, below)
	{
		last = bound;
		if (json_object_get_uint64(below) * 100 < count * percent)
			continue;
		buffer_append_string(to, "up to ");
		quantity_microseconds(to, strtoull(bound, NULL, 10));
		return;
	}
	buffer_append_string(to, "above ");
	quantity_microseconds(to, strtoull(last, NULL, 10));
}

static void add_bound(const struct figures *figures, struct slice label, const char *more,
	struct json_object *histogram, uint64_t percent)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	append_bound(&text, histogram, percent);
	add_row(figures, label, more, buffer_slice(&text), (struct slice){ 0 });
}

static void add_histogram(const struct figures *figures, struct slice label,
	struct json_object *histogram, struct json_object *before)
{
	_cleanup_(buffer_release) struct buffer count = { 0 }, mean = { 0 }, rate = { 0 };
	uint64_t n = number_of(histogram, "count");

	buffer_append_decimal(&count, n);
	append_rate(&rate, figures, json_object_object_get(histogram, "count"),
		json_object_object_get(before, "count"));
	add_row(figures, label, " count", buffer_slice(&count), buffer_slice(&rate));
	if (n == 0)
		return;
	quantity_microseconds(&mean, number_of(histogram, "sum") / n);
	add_row(figures, label, " mean", buffer_slice(&mean), (struct slice){ 0 });
	add_bound(figures, label, " of 50 %", histogram, 50);
	add_bound(figures, label, " of 99 %", histogram, 99);
}

/* ---- members ---- */

static void add_member(const struct figures *figures, struct slice label, struct slice name,
	struct json_object *value, struct json_object *before);
static void add_members(const struct figures *figures, struct slice label,
	struct json_object *object, struct json_object *before);

static struct slice name_of(struct json_object *element)
{
	return json_string(json_object_object_get(element, "name"));
}

/* The element of that name; NULL if there is none. */
static struct json_object *find_named(struct json_object *list, struct slice name)
{
	size_t count = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < count; i++)
		if (slice_equal(name_of(json_object_array_get_idx(list, i)), name))
			return json_object_array_get_idx(list, i);
	return NULL;
}

/* Objects with names, which follow the label as they are; any others are left out. */
static void add_named(const struct figures *figures, struct slice label, struct json_object *list,
	struct json_object *before)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *element = json_object_array_get_idx(list, i);
		struct slice name = name_of(element);
		struct json_object *earlier = find_named(before, name);
		_cleanup_(buffer_release) struct buffer whole = { 0 };

		if (!name.data)
			continue;
		buffer_append_slice(&whole, label);
		buffer_append_string(&whole, " ");
		buffer_append_slice(&whole, name);
		json_object_object_foreach(element, member, value)
		{
			if (strcmp(member, "name") != 0)
				add_member(figures, buffer_slice(&whole), slice_of(member), value,
					json_object_object_get(earlier, member));
		}
	}
}

static void add_member(const struct figures *figures, struct slice label, struct slice name,
	struct json_object *value, struct json_object *before)
{
	_cleanup_(buffer_release) struct buffer text = { 0 }, whole = { 0 }, rate = { 0 };
	const struct unit *unit = find_unit(name);
	struct slice words = name;

	if (unit && !unit->kept)
		words.len -= strlen(unit->suffix);
	buffer_append_slice(&whole, label);
	append_words(&whole, words);
	if (json_object_is_type(json_object_object_get(value, "buckets"), json_type_object)) {
		add_histogram(figures, buffer_slice(&whole), value, before);
	} else if (json_object_is_type(value, json_type_object)) {
		add_members(figures, buffer_slice(&whole), value, before);
	} else if (json_object_is_type(value, json_type_array)) {
		add_named(figures, buffer_slice(&whole), value, before);
	} else {
		append_value(&text, value, name);
		append_rate(&rate, figures, value, before);
		add_row(figures, buffer_slice(&whole), "", buffer_slice(&text),
			buffer_slice(&rate));
	}
}

static bool is_zero(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) == 0;
}

/* As deep as json_parse() lets them be. */
static void add_members(const struct figures *figures, struct slice label,
	struct json_object *object, struct json_object *before)
{
	bool all = label.len == 0 || json_object_object_length(object) <= MEMBERS_ALL;

	json_object_object_foreach(object, name, value)
	{
		if (all || !is_zero(value))
			add_member(figures, label, slice_of(name), value,
				json_object_object_get(before, name));
	}
}

void figures_add(struct table *table, struct json_object *object)
{
	figures_add_rates(table, object, NULL, 0);
}

void figures_add_rates(struct table *table, struct json_object *object, struct json_object *before,
	double seconds)
{
	const struct figures figures = { .table = table, .seconds = seconds };

	add_members(&figures, (struct slice){ 0 }, object, before);
}
