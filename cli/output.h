/* What the subcommands print: pieces of JSON, a notification in one line of text, and the way out. */
#pragma once

#include "cli/tool.h"

/* Appends "unreadCount":…,"unseenCount":…,"seq":… */
void output_counts(struct buffer *to, const struct counts *counts);

/* Appends "TITLE: MESSAGE" of a notification's JSON, {…}. Returns 0 or -EBADMSG. */
int output_headline(struct buffer *to, struct slice json);

/* Appends the headline of a stored notification. */
int output_notification_headline(struct buffer *to, const struct notification *notification);

/* Prints the text as it is. Returns an exit status; main() finds what stdout could not take. */
int output_text(const struct tool *tool, const struct buffer *text);

/* Prints JSON text as one line, with escapes for what could steer a terminal. */
int output_json(const struct tool *tool, const struct buffer *json);
