/*
 * The frames of the store's socket, see store_protocol.h. Both ends use this
 * file, so that what one writes is what the other reads; everything that comes
 * in is checked before anybody acts on it.
 */
#include "lib/store_protocol.h"

#include "lib/timestamp.h"

#include <errno.h>

enum { QUERY_CURSOR = 1, QUERY_UNREAD = 2, ANY_TYPE = 255 };
enum { ANSWER_MORE = 1, ANSWER_RESET = 2 };

int store_frame_parse(struct slice received, size_t max_payload, struct store_frame *ret_frame)
{
	struct decoder from = decoder_of(received.data, received.len);
	struct store_frame frame;
	uint32_t payload;

	if (received.len < STORE_HEADER_BYTES)
		return STORE_FRAME_INCOMPLETE;
	payload = decode_u32(&from);
	frame.number = decode_u32(&from);
	if (decode_u8(&from) != STORE_PROTOCOL_VERSION || payload > max_payload)
		return -EBADMSG;
	frame.operation = decode_u8(&from);
	frame.status = decode_u16(&from);
	if (received.len - STORE_HEADER_BYTES < payload)
		return STORE_FRAME_INCOMPLETE;
	frame.payload = decode_bytes(&from, payload);
	frame.bytes = STORE_HEADER_BYTES + payload;
	*ret_frame = frame;
	return 0;
}

size_t store_frame_begin(struct buffer *to, uint32_t number, uint8_t operation, uint16_t status)
{
	size_t begin = to->len;

	encode_u32(to, 0);
	encode_u32(to, number);
	encode_u8(to, STORE_PROTOCOL_VERSION);
	encode_u8(to, operation);
	encode_u16(to, status);
	return begin;
}

void store_frame_end(struct buffer *to, size_t begin)
{
	size_t payload = to->len - begin - STORE_HEADER_BYTES;

	if (buffer_status(to) < 0)
		return;
	for (int i = 0; i < 4; i++)
		to->data[begin + i] = (char)(payload >> (24 - 8 * i));
}

void store_encode_greeting(struct buffer *to, const struct inbox_greeting *greeting)
{
	size_t begin = store_frame_begin(to, 0, STORE_GREETING, 0);

	encode_u32(to, greeting->log_file);
	encode_u32(to, greeting->log_offset);
	encode_short(to, slice_of(greeting->epoch));
	store_frame_end(to, begin);
}

int store_decode_greeting(struct slice payload, struct inbox_greeting *ret_greeting)
{
	struct decoder from = decoder_of(payload.data, payload.len);
	struct inbox_greeting greeting = { 0 };
	struct slice epoch;

	greeting.log_file = decode_u32(&from);
	greeting.log_offset = decode_u32(&from);
	epoch = decode_short(&from);
	if (decoder_finish(&from) < 0 || epoch.len == 0 || epoch.len >= sizeof(greeting.epoch))
		return -EBADMSG;
	memcpy(greeting.epoch, epoch.data, epoch.len);
	*ret_greeting = greeting;
	return 0;
}

static void encode_uuid(struct buffer *to, const struct uuid *uuid)
{
	buffer_append(to, uuid->bytes, UUID_BYTES);
}

static struct uuid decode_uuid(struct decoder *from)
{
	struct slice bytes = decode_bytes(from, UUID_BYTES);
	struct uuid uuid = { 0 };

	if (bytes.len == UUID_BYTES)
		memcpy(uuid.bytes, bytes.data, UUID_BYTES);
	return uuid;
}

static void encode_draft(struct buffer *to, const struct draft *draft)
{
	encode_u8(to, (uint8_t)draft->type);
	encode_u64(to, (uint64_t)draft->expires);
	encode_short(to, draft->category);
	encode_long(to, draft->content);
}

static void decode_draft(struct decoder *from, struct slice user, struct draft *ret_draft)
{
	struct draft draft = { .user = user };
	uint64_t expires;

	draft.type = decode_u8(from);
	expires = decode_u64(from);
	draft.expires = (int64_t)expires;
	draft.category = decode_short(from);
	draft.content = decode_long(from);
	if (draft.type >= NOTIFICATION_TYPES || expires > TIMESTAMP_MAX ||
	    draft.content.len == 0 || draft.content.len > NOTIFICATION_CONTENT_MAX ||
	    memchr(draft.content.data, '\0', draft.content.len) ||
	    (draft.category.len > 0 && !notification_category_valid(draft.category)))
		from->failed = true;
	*ret_draft = draft;
}

static void encode_query(struct buffer *to, const struct inbox_query *query)
{
	encode_u8(to, (uint8_t)query->limit);
	encode_u16(to, (uint16_t)query->offset);
	encode_u8(to, (uint8_t)((query->from_cursor ? QUERY_CURSOR : 0) |
				(query->unread ? QUERY_UNREAD : 0)));
	encode_uuid(to, &query->cursor);
	encode_u8(to, query->type == INBOX_ANY_TYPE ? ANY_TYPE : (uint8_t)query->type);
	encode_short(to, query->category);
}

static void decode_query(struct decoder *from, struct inbox_query *ret_query)
{
	struct inbox_query query = { 0 };
	uint8_t flags, type;

	query.limit = decode_u8(from);
	query.offset = decode_u16(from);
	flags = decode_u8(from);
	query.from_cursor = flags & QUERY_CURSOR;
	query.unread = flags & QUERY_UNREAD;
	query.cursor = decode_uuid(from);
	type = decode_u8(from);
	query.type = type == ANY_TYPE ? INBOX_ANY_TYPE : type;
	query.category = decode_short(from);
	if (query.limit < 1 || query.limit > INBOX_LIMIT_MAX || query.offset > INBOX_OFFSET_MAX ||
	    flags > (QUERY_CURSOR | QUERY_UNREAD) || (type != ANY_TYPE && type >= NOTIFICATION_TYPES) ||
	    (query.category.len > 0 && !notification_category_valid(query.category)))
		from->failed = true;
	*ret_query = query;
}

void store_encode_request(struct buffer *to, const struct inbox_request *request)
{
	encode_short(to, request->user);
	switch (request->operation) {
	case INBOX_CREATE:
		encode_draft(to, request->draft);
		break;
	case INBOX_GET:
	case INBOX_MARK_READ:
	case INBOX_MARK_UNREAD:
	case INBOX_DELETE:
		encode_uuid(to, &request->id);
		break;
	case INBOX_LIST:
		encode_query(to, &request->query);
		break;
	case INBOX_CHANGES:
		encode_u64(to, request->since);
		encode_short(to, request->epoch);
		break;
	default:
		break;
	}
}

int store_decode_request(uint8_t operation, struct slice payload, struct draft *ret_draft,
	struct inbox_request *ret_request)
{
	struct decoder from = decoder_of(payload.data, payload.len);
	struct inbox_request request = { .operation = operation };

	if (operation == STORE_GREETING || operation >= INBOX_OPERATIONS)
		return -EBADMSG;
	request.user = decode_short(&from);
	if (!notification_user_valid(request.user))
		return -EBADMSG;
	switch (request.operation) {
	case INBOX_CREATE:
		decode_draft(&from, request.user, ret_draft);
		request.draft = ret_draft;
		break;
	case INBOX_GET:
	case INBOX_MARK_READ:
	case INBOX_MARK_UNREAD:
	case INBOX_DELETE:
		request.id = decode_uuid(&from);
		break;
	case INBOX_LIST:
		decode_query(&from, &request.query);
		break;
	case INBOX_CHANGES:
		request.since = decode_u64(&from);
		request.epoch = decode_short(&from);
		break;
	default:
		break;
	}
	if (decoder_finish(&from) < 0)
		return -EBADMSG;
	*ret_request = request;
	return 0;
}

void store_encode_answer(struct buffer *to, const struct inbox_answer *answer)
{
	encode_u64(to, answer->counts.seq);
	encode_u64(to, answer->counts.total);
	encode_u64(to, answer->counts.unread);
	encode_u64(to, answer->counts.unseen);
	encode_u64(to, answer->affected);
	encode_u8(to, (uint8_t)((answer->more ? ANSWER_MORE : 0) |
				(answer->reset ? ANSWER_RESET : 0)));
	encode_uuid(to, &answer->next);
	encode_u32(to, answer->items);
}

int store_decode_answer(struct slice payload, struct inbox_answer *ret_answer)
{
	struct decoder from = decoder_of(payload.data, payload.len);
	struct inbox_answer answer = { 0 };
	uint8_t flags;

	answer.counts.seq = decode_u64(&from);
	answer.counts.total = decode_u64(&from);
	answer.counts.unread = decode_u64(&from);
	answer.counts.unseen = decode_u64(&from);
	answer.affected = decode_u64(&from);
	flags = decode_u8(&from);
	answer.more = flags & ANSWER_MORE;
	answer.reset = flags & ANSWER_RESET;
	answer.next = decode_uuid(&from);
	answer.items = decode_u32(&from);
	answer.at = from;
	if (from.failed)
		return -EBADMSG;
	*ret_answer = answer;
	return 0;
}

bool inbox_next_notification(struct inbox_answer *answer, struct notification *ret_notification)
{
	struct notification notification = { 0 };

	if (answer->items == 0)
		return false;
	answer->items--;
	notification.id = decode_uuid(&answer->at);
	notification_decode(&answer->at, &notification);
	if (answer->at.failed)
		return false;
	*ret_notification = notification;
	return true;
}

bool inbox_next_change(struct inbox_answer *answer, struct change *ret_change)
{
	struct slice record;

	if (answer->items == 0)
		return false;
	answer->items--;
	record = decode_long(&answer->at);
	return !answer->at.failed && change_parse(record, ret_change) == 0;
}

void inbox_answer_release(struct inbox_answer *answer)
{
	buffer_release(&answer->storage);
	*answer = (struct inbox_answer){ 0 };
}
