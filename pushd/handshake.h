/*
 * The request that begins a connection: one HTTP/1.1 request head (RFC 9112),
 * read strictly, the rules of the WebSocket upgrade (RFC 6455, section 4.2), and
 * the answers. Bytes in, results out: no input or output, and nothing of users.
 *
 * The same parser serves requests that are no upgrade (a stream of events): what
 * an upgrade must have is judged apart, by handshake_check_upgrade().
 */
#pragma once

#include "lib/buffer.h"
#include "lib/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	HANDSHAKE_MAX = 16384,	     /* bytes of a head: a token of 8 KiB and room for cookies */
	HANDSHAKE_HEADERS_MAX = 100, /* header lines */
};

/* The one subprotocol, and what stands before a token in the list of subprotocols. */
#define HANDSHAKE_PROTOCOL	 "tidings.v1"
#define HANDSHAKE_PROTOCOL_TOKEN "bearer."

/* What keeps a request from being served, with the status of the answer. */
enum handshake_error {
	HANDSHAKE_INCOMPLETE = 1, /* 408 more bytes must come */
	HANDSHAKE_NOT_UPGRADE,	  /* 426 no failure where other kinds of request are served */

	HANDSHAKE_STRAY_BYTE,	 /* 400 NUL, CR or LF outside of CRLF */
	HANDSHAKE_BAD_LINE,	 /* 400 request line */
	HANDSHAKE_BAD_TARGET,	 /* 400 not a path, or characters that a URL cannot have */
	HANDSHAKE_BAD_HEADER,	 /* 400 a header line; folded lines too */
	HANDSHAKE_BAD_HOST,	 /* 400 missing, empty or not a host */
	HANDSHAKE_BAD_PROTOCOLS, /* 400 not a list of names, or two tokens in it */
	HANDSHAKE_REPEATED,	 /* 400 a header came twice that may come once */
	HANDSHAKE_BODY,		 /* 400 the request announces a body */
	HANDSHAKE_TOO_LARGE,	 /* 431 above HANDSHAKE_MAX */
	HANDSHAKE_TOO_MANY,	 /* 431 above HANDSHAKE_HEADERS_MAX */
	HANDSHAKE_HTTP_VERSION,	 /* 505 neither HTTP/1.1 nor HTTP/1.0 */

	HANDSHAKE_METHOD,	     /* 405 an upgrade that is not GET */
	HANDSHAKE_OLD_HTTP,	     /* 400 an upgrade in HTTP/1.0 */
	HANDSHAKE_NO_CONNECTION,     /* 400 `Connection` does not name `upgrade` */
	HANDSHAKE_BAD_KEY,	     /* 400 `Sec-WebSocket-Key` is not 16 bytes in base64 */
	HANDSHAKE_WEBSOCKET_VERSION, /* 426 `Sec-WebSocket-Version` is not 13 */
	HANDSHAKE_ERRORS,
};

/*
 * A request. Slices point into the head; data is NULL where the header is absent.
 * Values are free of control characters but tab, and of white space around them.
 */
struct handshake_request {
	struct slice method;
	struct slice path;  /* begins with '/', as it came: not decoded */
	struct slice query; /* behind the '?' */
	bool http_1_0;

	/* Headers that may come once */
	struct slice host; /* never absent */
	struct slice origin;
	struct slice sec_fetch_site;
	struct slice authorization;
	struct slice cookie;
	struct slice last_event_id;
	struct slice websocket_key;
	struct slice websocket_version;

	/* Headers of which the last line counts */
	struct slice forwarded_for; /* X-Forwarded-For: the nearest proxy wrote its end */
	struct slice accept;

	/* What was found in headers that are lists, all lines of them */
	bool upgrade_websocket;	     /* Upgrade names websocket */
	bool connection_upgrade;     /* Connection names upgrade */
	bool protocol_offered;	     /* Sec-WebSocket-Protocol holds HANDSHAKE_PROTOCOL */
	struct slice protocol_token; /* … and HANDSHAKE_PROTOCOL_TOKEN with this behind it */

	/* From `Authorization: Bearer`; empty, but not absent, where nothing follows the scheme */
	struct slice bearer;
};

/*
 * Reads a head at the beginning of the bytes that have come; `seen` is how many
 * of them were there at the call before (0 at the first), so that nothing
 * is searched twice. Returns 0, the request and the length of the head (what lies
 * behind it is not looked at); HANDSHAKE_INCOMPLETE; or another enum
 * handshake_error, which more bytes would not change.
 */
int handshake_parse(struct slice bytes, size_t seen, struct handshake_request *ret_request,
	size_t *ret_len);

/*
 * Whether the request is a WebSocket upgrade without fault: 0,
 * HANDSHAKE_NOT_UPGRADE if it does not ask for one, or another enum
 * handshake_error.
 */
int handshake_check_upgrade(const struct handshake_request *request);

enum { HANDSHAKE_ABSENT = 1 };

/*
 * Appends the decoded value of a query's parameter ('+' is a space). Returns 0;
 * HANDSHAKE_ABSENT; or -EBADMSG for one that comes twice, is not encoded
 * properly, or holds anything but printable ASCII; then `to` is unchanged.
 */
int handshake_query(struct slice query, const char *name, struct buffer *to);

/* The value of a named cookie, the first if there are several; absent if there is none. */
struct slice handshake_cookie(struct slice cookies, const char *name);

/* Whether an upgrade can be accepted at all: 0, or -ENOTSUP (libcrypto has no SHA-1). */
int handshake_try(void);

/*
 * Whether an Accept header (absent: anything) lets a media type be sent, by what it says
 * closest to it: the type itself, all of its kind, or all there are. `type` is in lower case.
 */
bool handshake_accepts(struct slice accept, const char *type);

/*
 * Appends the answer 101 to a request that handshake_check_upgrade() passed. It
 * names HANDSHAKE_PROTOCOL if that was offered. Returns 0, or -ENOTSUP (libcrypto
 * has no SHA-1).
 */
int handshake_accept(struct buffer *to, const struct handshake_request *request);

/*
 * Appends an answer with a body {"error": sentence, "code": code} after which
 * the connection is to be closed. `headers` are whole further lines
 * ("Name: value\r\n"), or ""; what a status must have (WWW-Authenticate, Upgrade) is
 * added, but for the Allow of 405. A status that is unknown here becomes 500.
 */
void handshake_refuse(struct buffer *to, unsigned status, const char *code, const char *sentence,
	const char *headers);

/* The same with what belongs to an error. */
void handshake_refuse_error(struct buffer *to, enum handshake_error error);

/* The status and the code of that answer. */
unsigned handshake_error_status(enum handshake_error error);
const char *handshake_error_code(enum handshake_error error);
