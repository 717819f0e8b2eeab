/* Text and numbers for people in a browser, see html.h. */
#include "cgi/html.h"

#include "lib/quantity.h"

#include <math.h>

static const char UNKNOWN[] = "–";

void html_append(struct buffer *to, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.data[i]) {
		case '&':
			buffer_append_string(to, "&amp;");
			break;
		case '<':
			buffer_append_string(to, "&lt;");
			break;
		case '>':
			buffer_append_string(to, "&gt;");
			break;
		case '"':
			buffer_append_string(to, "&quot;");
			break;
		default:
			buffer_append(to, &text.data[i], 1);
		}
	}
}

void html_fill(struct buffer *to, const char *html, struct slice text)
{
	for (;;) {
		size_t len = strcspn(html, "$");

		buffer_append(to, html, len);
		if (!html[len])
			return;
		html_append(to, text);
		html += len + 1;
	}
}

void html_append_number(struct buffer *to, double number)
{
	char digits[32];
	int len;

	if (isnan(number)) {
		buffer_append_string(to, UNKNOWN);
		return;
	}
	len = snprintf(digits, sizeof(digits), "%.0f", number);
	for (int i = 0; i < len; i++) {
		if (i > 0 && digits[i - 1] != '-' && (len - i) % 3 == 0)
			buffer_append_string(to, ",");
		buffer_append(to, &digits[i], 1);
	}
}

void html_append_rate(struct buffer *to, double rate)
{
	if (isnan(rate) || rate >= 100 || rate == floor(rate))
		html_append_number(to, rate);
	else
		buffer_print(to, rate >= 10 ? "%.0f" : rate >= 1 ? "%.1f" : "%.2f", rate);
}

void html_append_microseconds(struct buffer *to, double microseconds)
{
	if (isnan(microseconds))
		buffer_append_string(to, UNKNOWN);
	else if (microseconds < 1000)
		buffer_print(to, "%.0f µs", microseconds);
	else
		quantity_microseconds(to, (uint64_t)microseconds);
}

void html_append_bytes(struct buffer *to, double bytes)
{
	if (isnan(bytes))
		buffer_append_string(to, UNKNOWN);
	else
		quantity_bytes(to, (uint64_t)bytes);
}
