/*
 * What a request is answered, see handshake.h: the upgrade, or a refusal that
 * looks like any other error of the interface and closes the connection.
 */
#include "pushd/handshake.h"

#include "lib/json.h"

#include <errno.h>
#include <openssl/evp.h>

enum {
	KEY_LENGTH = 24,
	SHA1_BYTES = 20,
	ACCEPT_SIZE = 29, /* 20 bytes in base64, and a NUL */
};

/* RFC 6455, section 1.3 */
static const struct slice ACCEPT_SALT = SLICE("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");

#define CLOSE "Connection: close\r\n"

static const struct status {
	unsigned code;
	const char *phrase;
	const char *headers; /* that an answer with this status must have */
} statuses[] = {
	{ 400, "Bad Request", CLOSE },
	{ 401, "Unauthorized", CLOSE "WWW-Authenticate: Bearer realm=\"tidings\"\r\n" },
	{ 403, "Forbidden", CLOSE },
	{ 404, "Not Found", CLOSE },
	{ 405, "Method Not Allowed", CLOSE },
	{ 406, "Not Acceptable", CLOSE },
	{ 408, "Request Timeout", CLOSE },
	{ 426, "Upgrade Required", "Connection: close, Upgrade\r\nUpgrade: websocket\r\n" },
	{ 429, "Too Many Requests", CLOSE },
	{ 431, "Request Header Fields Too Large", CLOSE },
	{ 500, "Internal Server Error", CLOSE },
	{ 503, "Service Unavailable", CLOSE },
	{ 505, "HTTP Version Not Supported", CLOSE },
};

static const struct {
	unsigned status;
	const char *code;
	const char *sentence;
	const char *headers;
} errors[HANDSHAKE_ERRORS] = {
	[HANDSHAKE_INCOMPLETE] = { 408, "request_timeout",
		"The request did not come to its end in time", "" },
	[HANDSHAKE_NOT_UPGRADE] = { 426, "upgrade_required",
		"This address speaks WebSocket, and the request asks for no upgrade; "
		"a proxy in front of it may have dropped the headers Upgrade and Connection",
		"" },
	[HANDSHAKE_STRAY_BYTE] = { 400, "invalid_request",
		"The request holds NUL, or CR or LF that do not end a line", "" },
	[HANDSHAKE_BAD_LINE] = { 400, "invalid_request", "The request line is malformed", "" },
	[HANDSHAKE_BAD_TARGET] = { 400, "invalid_request",
		"The request target must be a path, properly encoded", "" },
	[HANDSHAKE_BAD_HEADER] = { 400, "invalid_request", "A header line is malformed", "" },
	[HANDSHAKE_BAD_HOST] = { 400, "invalid_request",
		"The request must have one valid Host header", "" },
	[HANDSHAKE_BAD_PROTOCOLS] = { 400, "invalid_request",
		"Sec-WebSocket-Protocol must be a list of names with at most one token", "" },
	[HANDSHAKE_REPEATED] = { 400, "invalid_request", "A header that may come once came twice",
		"" },
	[HANDSHAKE_BODY] = { 400, "invalid_request", "The request must not have a body", "" },
	[HANDSHAKE_TOO_LARGE] = { 431, "too_large", "The request head is too large", "" },
	[HANDSHAKE_TOO_MANY] = { 431, "too_large", "The request has too many headers", "" },
	[HANDSHAKE_HTTP_VERSION] = { 505, "invalid_request", "The request must be HTTP/1.1", "" },
	[HANDSHAKE_METHOD] = { 405, "method_not_allowed", "An upgrade must be a GET request",
		"Allow: GET\r\n" },
	[HANDSHAKE_OLD_HTTP] = { 400, "invalid_request", "An upgrade needs HTTP/1.1", "" },
	[HANDSHAKE_NO_CONNECTION] = { 400, "invalid_request",
		"The header Connection must name upgrade", "" },
	[HANDSHAKE_BAD_KEY] = { 400, "invalid_request",
		"Sec-WebSocket-Key must be 16 bytes in base64", "" },
	[HANDSHAKE_WEBSOCKET_VERSION] = { 426, "upgrade_required",
		"Sec-WebSocket-Version must be 13", "Sec-WebSocket-Version: 13\r\n" },
};

static int accept_value(struct slice key, char ret_value[static ACCEPT_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char salted[KEY_LENGTH + 36];

	memcpy(salted, key.data, KEY_LENGTH);
	memcpy(salted + KEY_LENGTH, ACCEPT_SALT.data, ACCEPT_SALT.len);
	if (!EVP_Digest(salted, sizeof(salted), digest, NULL, EVP_sha1(), NULL))
		return -ENOTSUP;
	EVP_EncodeBlock((unsigned char *)ret_value, digest, SHA1_BYTES);
	return 0;
}

int handshake_try(void)
{
	static const struct slice key = SLICE("dGhlIHNhbXBsZSBub25jZQ==");
	char value[ACCEPT_SIZE];

	return accept_value(key, value);
}

int handshake_accept(struct buffer *to, const struct handshake_request *request)
{
	char value[ACCEPT_SIZE];
	int r;

	r = accept_value(request->websocket_key, value);
	if (r < 0)
		return r;
	buffer_append_string(to, "HTTP/1.1 101 Switching Protocols\r\n"
				 "Upgrade: websocket\r\n"
				 "Connection: Upgrade\r\n"
				 "Sec-WebSocket-Accept: ");
	buffer_append_string(to, value);
	if (request->protocol_offered)
		buffer_append_string(to, "\r\nSec-WebSocket-Protocol: " HANDSHAKE_PROTOCOL);
	buffer_append_string(to, "\r\n\r\n");
	return 0;
}

static const struct status *find_status(unsigned code)
{
	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
		if (statuses[i].code == code)
			return &statuses[i];
	return find_status(500);
}

void handshake_refuse(struct buffer *to, unsigned status, const char *code, const char *sentence,
	const char *headers)
{
	_cleanup_(buffer_release) struct buffer body = { 0 };
	const struct status *known = find_status(status);

	buffer_append_string(&body, "{\"error\":");
	json_append_string(&body, slice_of(sentence));
	buffer_append_string(&body, ",\"code\":");
	json_append_string(&body, slice_of(code));
	buffer_append_string(&body, "}");
	if (buffer_status(&body) < 0) {
		to->failed = buffer_status(&body);
		return;
	}
	buffer_print(to,
		"HTTP/1.1 %u %s\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: %zu\r\n"
		"Cache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"%s%s\r\n",
		known->code, known->phrase, body.len, known->headers, headers);
	buffer_append_slice(to, buffer_slice(&body));
}

void handshake_refuse_error(struct buffer *to, enum handshake_error error)
{
	handshake_refuse(to, errors[error].status, errors[error].code, errors[error].sentence,
		errors[error].headers);
}

unsigned handshake_error_status(enum handshake_error error)
{
	return errors[error].status;
}

const char *handshake_error_code(enum handshake_error error)
{
	return errors[error].code;
}
