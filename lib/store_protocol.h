/*
 * What goes over the store's unix stream socket, and its codec. Private to
 * tidings-stored and the engine behind lib/inbox.h; both are installed together.
 *
 * Everything is a frame: a header of 12 bytes and a payload, integers big endian.
 *
 *	offset	size
 *	0	4	bytes of payload
 *	4	4	number of the request, chosen by the client; 0 in a greeting
 *	8	1	STORE_PROTOCOL_VERSION
 *	9	1	enum inbox_operation, or STORE_GREETING
 *	10	2	in an answer: 0 or an enum inbox_status; in a request 0
 *
 * The server speaks first, one greeting:
 *
 *	u32 log file, u32 log offset, short epoch
 *
 * or, with a status and no payload, that there is no connection: INBOX_FORBIDDEN (the peer has
 * no rights) or INBOX_BUSY (too many connections); then it closes.
 *
 * The client sends requests, as many as it likes at a time up to STORE_REQUESTS_MAX; answers
 * may overtake each other. A payload:
 *
 *	short user, short caller (a user, or PUBLISHER_MARK and the name of a publisher key), and
 *	u64 issued if the caller is not empty; then of
 *	CREATE, BROADCAST	u8 once (0 no, 1 yes, 2 yes and only a repeat), and 32 bytes key,
 *			32 bytes body if it is not 0; u16 number of drafts, and for each: short user, u8 type, u64 expires,
 *			short category, long content
 *	GET, MARK_READ, MARK_UNREAD, DELETE, WITHDRAW, WITHDRAW_BROADCAST	uuid id
 *	LIST		u8 limit, u16 offset, u8 flags (1 cursor, 2 unread), uuid cursor,
 *			u8 type (255 any), short category
 *	CHANGES		u64 since, short epoch
 *	EXPORT		long position
 *	IMPORT		u16 number of entries, and each as entry_encode() writes it
 *	others		nothing
 *
 * The user is empty in CREATE, BROADCAST, WITHDRAW_BROADCAST, IMPORT, STATISTICS and the
 * operations of the backup, and may be in EXPORT.
 *
 * An answer whose status is not 0 has no payload. One whose status is 0:
 *
 *	u64 seq, u64 total, u64 unread, u64 unseen, u64 broadcasts, u64 tokens valid from,
 *	u64 affected, u8 flags (1 more, 2 reset, 4 replayed, 8 stranger), uuid next, long position,
 *	u32 items, then the items:
 *	CHANGES: long record each; EXPORT: an entry each; STATISTICS: long JSON text, one;
 *	others: a notification each:
 *	uuid id, then as notification_encode() writes it
 *
 * Whatever breaks these rules ends the connection.
 */
#pragma once

#include "lib/inbox.h"

enum {
	STORE_PROTOCOL_VERSION = 2,
	STORE_GREETING = 0,
	STORE_HEADER_BYTES = 12,
	STORE_REQUEST_MAX = 8 << 20, /* bytes of payload */
	STORE_ANSWER_MAX = 8 << 20, /* bytes of payload */
	STORE_REQUESTS_MAX = 4096,  /* under way on one connection */
};

struct store_frame {
	uint32_t number;
	uint8_t operation;
	uint16_t status;
	struct slice payload;
	size_t bytes; /* of header and payload together */
};

enum { STORE_FRAME_INCOMPLETE = 1 };

/*
 * Finds the frame at the front of the received bytes. Returns 0,
 * STORE_FRAME_INCOMPLETE, or -EBADMSG (too long, or another version).
 */
int store_frame_parse(struct slice received, size_t max_payload, struct store_frame *ret_frame);

/* Appends a header with no payload yet; returns where it is, for store_frame_end(). */
size_t store_frame_begin(struct buffer *to, uint32_t number, uint8_t operation, uint16_t status);

/* Sets the payload's length to what was appended since. */
void store_frame_end(struct buffer *to, size_t begin);

void store_encode_greeting(struct buffer *to, const struct inbox_greeting *greeting);
int store_decode_greeting(struct slice payload, struct inbox_greeting *ret_greeting);

/* Whether it fits into a frame; what its members mean is for the store to check. */
bool store_request_encodable(const struct inbox_request *request);

/* Appends the payload of a request. */
void store_encode_request(struct buffer *to, const struct inbox_request *request);

/*
 * Reads and checks one: every member in its range. The slices point into the payload. Returns
 * 0 and a request to release, or -EBADMSG (for want of memory, too).
 */
int store_decode_request(uint8_t operation, struct slice payload, struct inbox_request *ret_request);

/* Frees the drafts and entries that store_decode_request() has made. */
void store_request_release(struct inbox_request *request);

/* Appends an answer up to and including the number of items; the items follow. */
void store_encode_answer(struct buffer *to, const struct inbox_answer *answer);

/* Reads that much; ret_answer->at stands before the items. Returns 0 or -EBADMSG. */
int store_decode_answer(struct slice payload, struct inbox_answer *ret_answer);
