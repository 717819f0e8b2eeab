/*
 * The request head. Feeding a beginning of it must give nothing, or what the
 * whole gives; whatever is read must lie inside the head; the client's address is one;
 * and every outcome can be answered.
 */
#include "lib/address.h"
#include "pushd/handshake.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice head, struct slice slice)
{
	if (!slice.data)
		return;
	if (slice.data < head.data || slice.data + slice.len > head.data + head.len)
		abort();
	for (size_t i = 0; i < slice.len; i++)
		if (slice.data[i] == '\0' || slice.data[i] == '\r' || slice.data[i] == '\n')
			abort();
}

static void check_slices(struct slice head, const struct handshake_request *request)
{
	const struct slice slices[] = { request->method, request->path, request->query,
		request->host, request->origin, request->sec_fetch_site, request->authorization,
		request->cookie, request->last_event_id, request->websocket_key,
		request->websocket_version, request->forwarded_for, request->accept,
		request->protocol_token, request->bearer };

	for (size_t i = 0; i < ARRAY_LENGTH(slices); i++)
		check_inside(head, slices[i]);
	if (request->path.len == 0 || request->path.data[0] != '/' || request->host.len == 0)
		abort();
}

static void check_values(struct slice head, const struct handshake_request *request)
{
	_cleanup_(buffer_release) struct buffer value = { 0 };

	check_inside(head, handshake_cookie(request->cookie, "token"));
	if (!handshake_accepts(request->accept, "text/event-stream") && request->accept.len == 0)
		abort();
	if (handshake_query(request->query, "token", &value) == 0) {
		for (size_t i = 0; i < value.len; i++)
			if (value.data[i] < ' ' || value.data[i] > '~')
				abort();
	} else if (value.len > 0) {
		abort();
	}
}

/* Whoever is found by X-Forwarded-For is shown so that it can be read again. */
static void check_address(const struct handshake_request *request)
{
	char ipv4[] = "10.0.0.1", ipv6[] = "2001:db8::53", local[] = "unix";
	char *trusted[] = { ipv4, ipv6, local, NULL };
	struct address found, again;
	char text[ADDRESS_SIZE];

	found = address_find_client((struct address){ 0 }, request->forwarded_for, trusted);
	address_format(&found, text);
	if (address_parse(slice_of(text), &again) < 0 ||
		memcmp(found.bytes, again.bytes, sizeof(found.bytes)) != 0)
		abort();
}

static void answer(const struct handshake_request *request, int error)
{
	_cleanup_(buffer_release) struct buffer to = { 0 };

	if (error == 0)
		error = handshake_check_upgrade(request);
	if (error)
		handshake_refuse_error(&to, (enum handshake_error)error);
	else if (handshake_accept(&to, request) < 0)
		abort();
	if (buffer_status(&to) < 0 || to.len == 0)
		abort();
}

/* All at once, from memory of its own so that a read beyond it is found. */
static int parse_whole(const uint8_t *data, size_t size, size_t *ret_len)
{
	_cleanup_(freeing_memory) char *copy = malloc(size + (size == 0));
	struct slice bytes = { .data = copy, .len = size };
	struct handshake_request request;
	int r;

	if (!copy)
		return HANDSHAKE_INCOMPLETE;
	if (size > 0)
		memcpy(copy, data, size);
	r = handshake_parse(bytes, 0, &request, ret_len);
	if (r == 0) {
		bytes.len = *ret_len;
		check_slices(bytes, &request);
		check_address(&request);
		check_values(bytes, &request);
	}
	answer(&request, r);
	return r;
}

/* Byte by byte: the first result that is not "incomplete", and after how many bytes. */
static int parse_growing(const uint8_t *data, size_t size, size_t *ret_at, size_t *ret_len)
{
	struct handshake_request request;
	int r = HANDSHAKE_INCOMPLETE;
	size_t at = 0;

	while (r == HANDSHAKE_INCOMPLETE && at < size) {
		struct slice bytes = { .data = (const char *)data, .len = at + 1 };

		r = handshake_parse(bytes, at, &request, ret_len);
		at++;
	}
	*ret_at = at;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = 0, growing_len = 0, at;
	int whole = parse_whole(data, size, &len);
	int growing = parse_growing(data, size, &at, &growing_len);

	if (whole != growing || len != growing_len || (whole == 0 && len != at))
		abort();
	if (whole != HANDSHAKE_INCOMPLETE && parse_whole(data, at, &len) != whole)
		abort();
	return 0;
}
