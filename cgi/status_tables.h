/* The tables of the status page: what happened lately, who is slow, and all figures. */
#pragma once

#include "cgi/status_page.h"

void status_tables_append(struct buffer *to, const struct status_view *view);
