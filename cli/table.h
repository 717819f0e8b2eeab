/*
 * Aligned columns. Cells are added row by row, then all is printed at once. On
 * a terminal too narrow for them the one flexible column is cut; elsewhere
 * nothing is.
 */
#pragma once

#include "cli/terminal.h"
#include "lib/buffer.h"

struct table_column {
	const char *heading;
	bool right; /* for numbers */
	bool flexible;
};

struct table_cell {
	size_t begin, len; /* of the text, in table->text */
	size_t width;
	enum style style;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	struct buffer text;
	struct buffer cells; /* of struct table_cell */
};

/* columns must outlive the table, which table_release() frees. */
struct table table_of(const struct table_column *columns, size_t n_columns);

void table_release(struct table *table);

/* The next cell, of this row or of a new one. The text is copied. */
void table_add(struct table *table, struct slice text, enum style style);

/* Appends heading and rows. Returns 0 or -ENOMEM, for any call since table_of(). */
int table_format(struct buffer *to, const struct table *table, const struct terminal *terminal);
