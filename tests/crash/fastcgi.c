/*
 * FastCGI, see fastcgi.h: one request a connection, always number 1. A record is
 *
 *	u8 version, u8 type, u16 request, u16 length, u8 padding, u8 reserved,
 *	length bytes, padding bytes
 *
 * and a stream (parameters, standard input) ends with an empty record.
 */
#include "tests/crash/fastcgi.h"

#include <errno.h>

enum {
	PROTOCOL = 1,
	REQUEST = 1,
	RESPONDER = 1,
	HEADER = 8,
	CONTENT_MAX = 32768, /* bytes in one record; the format has room for 65535 */
};

enum {
	BEGIN_REQUEST = 1,
	END_REQUEST = 3,
	PARAMETERS = 4,
	STANDARD_INPUT = 5,
	STANDARD_OUTPUT = 6,
	STANDARD_ERROR = 7,
};

static void append_record(struct buffer *to, int type, struct slice content)
{
	const uint8_t header[HEADER] = { PROTOCOL, (uint8_t)type, 0, REQUEST,
		(uint8_t)(content.len >> 8), (uint8_t)content.len };

	buffer_append(to, header, sizeof(header));
	buffer_append_slice(to, content);
}

static void append_stream(struct buffer *to, int type, struct slice content)
{
	while (content.len > 0) {
		size_t len = content.len < CONTENT_MAX ? content.len : CONTENT_MAX;

		append_record(to, type, (struct slice){ content.data, len });
		content.data += len;
		content.len -= len;
	}
	append_record(to, type, content);
}

/* One byte, or four with the highest bit set. */
static void append_length(struct buffer *to, size_t len)
{
	const uint8_t bytes[] = { (uint8_t)(len >> 24 | 0x80), (uint8_t)(len >> 16),
		(uint8_t)(len >> 8), (uint8_t)len };

	if (len < 128)
		buffer_append(to, &bytes[3], 1);
	else
		buffer_append(to, bytes, sizeof(bytes));
}

static void append_parameter(struct buffer *to, const char *name, const char *value)
{
	if (!value)
		return;
	append_length(to, strlen(name));
	append_length(to, strlen(value));
	buffer_append_string(to, name);
	buffer_append_string(to, value);
}

static void append_parameters(struct buffer *to, const struct fastcgi_request *request)
{
	_cleanup_(buffer_release) struct buffer bearer = { 0 };
	char length[24];

	if (request->token)
		buffer_print(&bearer, "Bearer %s", request->token);
	snprintf(length, sizeof(length), "%zu", request->body.len);
	append_parameter(to, "GATEWAY_INTERFACE", "CGI/1.1");
	append_parameter(to, "SERVER_PROTOCOL", "HTTP/1.1");
	append_parameter(to, "REMOTE_ADDR", "127.0.0.1");
	append_parameter(to, "REQUEST_METHOD", request->method);
	append_parameter(to, "SCRIPT_NAME", "/api/notifications");
	append_parameter(to, "PATH_INFO", request->path);
	append_parameter(to, "QUERY_STRING", request->query ? request->query : "");
	append_parameter(to, "CONTENT_LENGTH", length);
	if (request->body.len > 0)
		append_parameter(to, "CONTENT_TYPE", "application/json");
	append_parameter(to, "HTTP_AUTHORIZATION", buffer_string(&bearer));
	append_parameter(to, "HTTP_IDEMPOTENCY_KEY", request->key);
}

void fastcgi_encode(struct buffer *to, const struct fastcgi_request *request)
{
	static const char responder[] = { 0, RESPONDER, 0, 0, 0, 0, 0, 0 };
	_cleanup_(buffer_release) struct buffer parameters = { 0 };

	append_parameters(&parameters, request);
	if (buffer_status(&parameters) < 0)
		to->failed = buffer_status(&parameters);
	append_record(to, BEGIN_REQUEST, (struct slice){ responder, sizeof(responder) });
	append_stream(to, PARAMETERS, buffer_slice(&parameters));
	append_stream(to, STANDARD_INPUT, request->body);
}

/* Takes one record off the front; false if it is not all there. */
static bool next_record(struct slice *from, const uint8_t **ret_header, struct slice *ret_content)
{
	const uint8_t *header = (const uint8_t *)from->data;
	size_t len;

	if (from->len < HEADER)
		return false;
	len = (size_t)header[4] << 8 | header[5];
	if (from->len < HEADER + len + header[6])
		return false;
	*ret_header = header;
	*ret_content = (struct slice){ from->data + HEADER, len };
	from->data += HEADER + len + header[6];
	from->len -= HEADER + len + header[6];
	return true;
}

int fastcgi_decode(struct slice received, struct buffer *output)
{
	const uint8_t *header;
	struct slice content;

	buffer_clear(output);
	while (next_record(&received, &header, &content)) {
		if (header[0] != PROTOCOL)
			return -EBADMSG;
		switch (header[1]) {
		case STANDARD_OUTPUT:
			buffer_append_slice(output, content);
			break;
		case STANDARD_ERROR:
			break;
		case END_REQUEST:
			if (content.len < HEADER || content.data[4] != 0)
				return -EBADMSG;
			return buffer_status(output);
		default:
			return -EBADMSG;
		}
	}
	return FASTCGI_PARTIAL;
}
