/* What standard output is: a terminal of some width and colours, or something else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct terminal {
	bool present;
	bool colour;	/* no: NO_COLOR is set, or TERM is dumb or unset */
	size_t columns; /* 0 without a terminal: nothing is cut */
};

struct terminal terminal_of(int fd);

enum style {
	STYLE_PLAIN,
	STYLE_HEADING,
	STYLE_STRONG,
	STYLE_GOOD,
	STYLE_WARNING,
	STYLE_BAD,
	STYLES
};

/* The escape sequence that begins a style, "" for none; style_end() ends any. */
const char *style_begin(const struct terminal *terminal, enum style style);
const char *style_end(const struct terminal *terminal, enum style style);
