/* Aligned columns, see table.h. */
#include "cli/table.h"
#include "cli/text.h"

#include <assert.h>
#include <errno.h>

enum { COLUMNS_MAX = 16, GAP = 2, FLEXIBLE_MIN = 10 };

struct table table_of(const struct table_column *columns, size_t n_columns)
{
	assert(n_columns > 0 && n_columns <= COLUMNS_MAX);
	return (struct table){ .columns = columns, .n_columns = n_columns };
}

void table_release(struct table *table)
{
	buffer_release(&table->text);
	buffer_release(&table->cells);
}

void table_add(struct table *table, struct slice text, enum style style)
{
	struct table_cell cell = { .begin = table->text.len,
		.len = text.len,
		.width = text_width(text),
		.style = style };

	buffer_append_slice(&table->text, text);
	buffer_append(&table->cells, &cell, sizeof(cell));
}

static struct table_cell cell_at(const struct table *table, size_t index)
{
	struct table_cell cell;

	memcpy(&cell, table->cells.data + index * sizeof(cell), sizeof(cell));
	return cell;
}

static size_t cells_count(const struct table *table)
{
	return table->cells.len / sizeof(struct table_cell);
}

/* The widest cell of each column; the flexible one gives way on a narrow terminal. */
static void measure(const struct table *table, const struct terminal *terminal, size_t *widths)
{
	size_t total = (table->n_columns - 1) * GAP;

	for (size_t i = 0; i < table->n_columns; i++)
		widths[i] = text_width(slice_of(table->columns[i].heading));
	for (size_t i = 0; i < cells_count(table); i++) {
		struct table_cell cell = cell_at(table, i);

		if (cell.width > widths[i % table->n_columns])
			widths[i % table->n_columns] = cell.width;
	}
	for (size_t i = 0; i < table->n_columns; i++)
		total += widths[i];

	for (size_t i = 0; i < table->n_columns; i++) {
		size_t others = total - widths[i];

		if (!table->columns[i].flexible || !terminal->present || total <= terminal->columns)
			continue;
		widths[i] = others + FLEXIBLE_MIN < terminal->columns ? terminal->columns - others
								      : FLEXIBLE_MIN;
	}
}

static void format_cell(struct buffer *to, const struct table *table,
	const struct terminal *terminal, size_t column, size_t width, struct slice text,
	enum style style)
{
	bool last = column + 1 == table->n_columns;
	bool right = table->columns[column].right;

	buffer_append_string(to, style_begin(terminal, style));
	if (last && !right)
		text_append(to, text, width);
	else
		text_append_padded(to, text, width, right);
	buffer_append_string(to, style_end(terminal, style));
	if (last)
		buffer_append(to, "\n", 1);
	else
		buffer_print(to, "%*s", GAP, "");
}

int table_format(struct buffer *to, const struct table *table, const struct terminal *terminal)
{
	size_t widths[COLUMNS_MAX];

	if (buffer_status(&table->text) || buffer_status(&table->cells))
		return -ENOMEM;
	assert(table->n_columns > 0);
	measure(table, terminal, widths);
	for (size_t i = 0; i < table->n_columns; i++)
		format_cell(to, table, terminal, i, widths[i], slice_of(table->columns[i].heading),
			STYLE_HEADING);
	for (size_t i = 0; i < cells_count(table); i++) {
		struct table_cell cell = cell_at(table, i);
		size_t column = i % table->n_columns;
		struct slice text = { .data = cell.len > 0 ? table->text.data + cell.begin : "",
			.len = cell.len };

		format_cell(to, table, terminal, column, widths[column], text, cell.style);
	}
	return buffer_status(to);
}
