/*
 * The frames of the store's socket, see store_protocol.h. Both ends use this
 * file, so that what one writes is what the other reads; everything that comes
 * in is checked before anybody acts on it.
 */
#include "lib/store_protocol.h"

#include "lib/publisher.h"
#include "lib/timestamp.h"

#include <errno.h>

enum { QUERY_CURSOR = 1, QUERY_UNREAD = 2, ANY_TYPE = 255 };
enum { ANSWER_MORE = 1, ANSWER_RESET = 2, ANSWER_REPLAYED = 4, ANSWER_STRANGER = 8 };

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

static void encode_draft(struct buffer *to, const struct draft *draft)
{
	encode_short(to, draft->user);
	encode_u8(to, (uint8_t)draft->type);
	encode_u64(to, (uint64_t)draft->expires);
	encode_short(to, draft->category);
	encode_long(to, draft->content);
}

static void decode_draft(struct decoder *from, bool has_user, struct draft *ret_draft)
{
	struct draft draft = { .user = decode_short(from) };
	uint64_t expires;

	draft.type = decode_u8(from);
	expires = decode_u64(from);
	draft.expires = (int64_t)expires;
	draft.category = decode_short(from);
	draft.content = decode_long(from);
	if ((has_user ? !notification_user_valid(draft.user) : draft.user.len > 0) ||
	    draft.type >= NOTIFICATION_TYPES || expires > TIMESTAMP_MAX ||
	    draft.content.len == 0 || draft.content.len > NOTIFICATION_CONTENT_MAX ||
	    memchr(draft.content.data, '\0', draft.content.len) ||
	    (draft.category.len > 0 && !notification_category_valid(draft.category)))
		from->failed = true;
	*ret_draft = draft;
}

enum { ONCE_NOT, ONCE_ANY, ONCE_ONLY_REPEAT };

static void encode_once(struct buffer *to, const struct inbox_request *request)
{
	const struct inbox_once *once = request->once;

	encode_u8(to, !once ? ONCE_NOT : request->only_repeat ? ONCE_ONLY_REPEAT : ONCE_ANY);
	if (!once)
		return;
	buffer_append(to, once->key, sizeof(once->key));
	buffer_append(to, once->body, sizeof(once->body));
}

/* It is bytes without alignment, so it can be used where it stands. */
static void decode_once(struct decoder *from, struct inbox_request *request)
{
	uint8_t once = decode_u8(from);

	_Static_assert(sizeof(*request->once) == 2 * (size_t)INBOX_DIGEST_BYTES, "no gaps");
	if (once > ONCE_ONLY_REPEAT)
		from->failed = true;
	if (once == ONCE_NOT)
		return;
	request->once = (const void *)decode_bytes(from, sizeof(*request->once)).data;
	request->only_repeat = once == ONCE_ONLY_REPEAT;
}

/* What a request has beside user and caller, by its operation. */

static void encode_drafts(struct buffer *to, const struct inbox_request *request)
{
	encode_once(to, request);
	encode_u16(to, (uint16_t)request->draft_count);
	for (unsigned i = 0; i < request->draft_count; i++)
		encode_draft(to, &request->drafts[i]);
}

/* Room for so many; NULL, and the decoder failed, if there may not be so many or for want of memory. */
static void *decode_list(struct decoder *from, unsigned count, unsigned max, size_t size)
{
	void *list = NULL;

	if (!from->failed && count > 0 && count <= max)
		list = calloc(count, size);
	if (!list)
		from->failed = true;
	return list;
}

static void decode_drafts(struct decoder *from, struct inbox_request *request)
{
	bool for_users = request->operation == INBOX_CREATE;
	struct draft *drafts;

	decode_once(from, request);
	request->draft_count = decode_u16(from);
	drafts = decode_list(from, request->draft_count, for_users ? INBOX_DRAFTS_MAX : 1,
		sizeof(*drafts));
	request->drafts = drafts;
	for (unsigned i = 0; drafts && !from->failed && i < request->draft_count; i++)
		decode_draft(from, for_users, &drafts[i]);
}

static void encode_id(struct buffer *to, const struct inbox_request *request)
{
	encode_uuid(to, &request->id);
}

static void decode_id(struct decoder *from, struct inbox_request *request)
{
	request->id = decode_uuid(from);
}

static void encode_query(struct buffer *to, const struct inbox_request *request)
{
	const struct inbox_query *query = &request->query;

	encode_u8(to, (uint8_t)query->limit);
	encode_u16(to, (uint16_t)query->offset);
	encode_u8(to, (uint8_t)((query->from_cursor ? QUERY_CURSOR : 0) |
				(query->unread ? QUERY_UNREAD : 0)));
	encode_uuid(to, &query->cursor);
	encode_u8(to, query->type == INBOX_ANY_TYPE ? ANY_TYPE : (uint8_t)query->type);
	encode_short(to, query->category);
}

static void decode_query(struct decoder *from, struct inbox_request *request)
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
	request->query = query;
}

static void encode_since(struct buffer *to, const struct inbox_request *request)
{
	encode_u64(to, request->since);
	encode_short(to, request->epoch);
}

static void decode_since(struct decoder *from, struct inbox_request *request)
{
	request->since = decode_u64(from);
	request->epoch = decode_short(from);
}

static void encode_position(struct buffer *to, const struct inbox_request *request)
{
	encode_long(to, request->position);
}

static void decode_position(struct decoder *from, struct inbox_request *request)
{
	request->position = decode_long(from);
	if (request->position.len > INBOX_POSITION_MAX)
		from->failed = true;
}

static void encode_entries(struct buffer *to, const struct inbox_request *request)
{
	encode_u16(to, (uint16_t)request->entry_count);
	for (unsigned i = 0; i < request->entry_count; i++)
		entry_encode(to, &request->entries[i]);
}

static void decode_entries(struct decoder *from, struct inbox_request *request)
{
	struct entry *entries;

	request->entry_count = decode_u16(from);
	entries = decode_list(from, request->entry_count, INBOX_ENTRIES_MAX, sizeof(*entries));
	request->entries = entries;
	for (unsigned i = 0; entries && !from->failed && i < request->entry_count; i++)
		entry_decode(from, &entries[i]);
}

enum user_rule { USER_NEEDED, USER_NONE, USER_OPTIONAL };

static const struct payload {
	void (*encode)(struct buffer *to, const struct inbox_request *request);
	void (*decode)(struct decoder *from, struct inbox_request *request);
	enum user_rule user;
} payloads[INBOX_OPERATIONS] = {
	[INBOX_CREATE] = { encode_drafts, decode_drafts, USER_NONE },
	[INBOX_GET] = { encode_id, decode_id, USER_NEEDED },
	[INBOX_LIST] = { encode_query, decode_query, USER_NEEDED },
	[INBOX_COUNT] = { NULL, NULL, USER_NEEDED },
	[INBOX_CHANGES] = { encode_since, decode_since, USER_NEEDED },
	[INBOX_MARK_READ] = { encode_id, decode_id, USER_NEEDED },
	[INBOX_MARK_UNREAD] = { encode_id, decode_id, USER_NEEDED },
	[INBOX_READ_ALL] = { NULL, NULL, USER_NEEDED },
	[INBOX_SEEN] = { NULL, NULL, USER_NEEDED },
	[INBOX_DELETE] = { encode_id, decode_id, USER_NEEDED },
	[INBOX_DELETE_ALL] = { NULL, NULL, USER_NEEDED },
	[INBOX_DELETE_READ] = { NULL, NULL, USER_NEEDED },
	[INBOX_BROADCAST] = { encode_drafts, decode_drafts, USER_NONE },
	[INBOX_WITHDRAW] = { encode_id, decode_id, USER_NEEDED },
	[INBOX_WITHDRAW_BROADCAST] = { encode_id, decode_id, USER_NONE },
	[INBOX_FORGET] = { NULL, NULL, USER_NEEDED },
	[INBOX_REVOKE] = { NULL, NULL, USER_NEEDED },
	[INBOX_EXPORT] = { encode_position, decode_position, USER_OPTIONAL },
	[INBOX_IMPORT] = { encode_entries, decode_entries, USER_NONE },
	[INBOX_BACKUP] = { NULL, NULL, USER_NONE },
	[INBOX_BACKUP_END] = { NULL, NULL, USER_NONE },
	[INBOX_STATISTICS] = { NULL, NULL, USER_NONE },
};

bool store_request_encodable(const struct inbox_request *request)
{
	bool has_user = request->user.len > 0;

	return (!has_user || notification_user_valid(request->user)) &&
	       (!has_user || payloads[request->operation].user != USER_NONE) &&
	       (has_user || payloads[request->operation].user != USER_NEEDED) &&
	       request->caller.name.len <= NOTIFICATION_USER_MAX && request->caller.issued >= 0 &&
	       request->epoch.len <= UINT8_MAX && request->position.len <= INBOX_POSITION_MAX &&
	       request->query.category.len <= NOTIFICATION_CATEGORY_MAX &&
	       request->draft_count <= INBOX_DRAFTS_MAX && request->entry_count <= INBOX_ENTRIES_MAX;
}

void store_encode_request(struct buffer *to, const struct inbox_request *request)
{
	const struct payload *payload = &payloads[request->operation];

	encode_short(to, request->user);
	encode_short(to, request->caller.name);
	if (request->caller.name.len > 0)
		encode_u64(to, (uint64_t)request->caller.issued);
	if (payload->encode)
		payload->encode(to, request);
}

static bool user_fits(struct slice user, enum user_rule rule)
{
	if (user.len == 0)
		return rule != USER_NEEDED;
	return rule != USER_NONE && notification_user_valid(user);
}

static void decode_caller(struct decoder *from, struct inbox_caller *ret_caller)
{
	struct inbox_caller caller = { .name = decode_short(from) };
	uint64_t issued;

	if (caller.name.len > 0) {
		issued = decode_u64(from);
		caller.issued = (int64_t)issued;
		if (issued > INT64_MAX || (!notification_user_valid(caller.name) &&
						  publisher_of(caller.name).len == 0))
			from->failed = true;
	}
	*ret_caller = caller;
}

int store_decode_request(uint8_t operation, struct slice payload, struct inbox_request *ret_request)
{
	struct decoder from = decoder_of(payload.data, payload.len);
	struct inbox_request request = { .operation = operation };

	if (operation == STORE_GREETING || operation >= INBOX_OPERATIONS)
		return -EBADMSG;
	request.user = decode_short(&from);
	decode_caller(&from, &request.caller);
	if (!user_fits(request.user, payloads[operation].user))
		return -EBADMSG;
	if (payloads[operation].decode)
		payloads[operation].decode(&from, &request);
	if (decoder_finish(&from) < 0) {
		store_request_release(&request);
		return -EBADMSG;
	}
	*ret_request = request;
	return 0;
}

void store_request_release(struct inbox_request *request)
{
	free((void *)request->drafts);
	free((void *)request->entries);
	request->drafts = NULL;
	request->entries = NULL;
}

void store_encode_answer(struct buffer *to, const struct inbox_answer *answer)
{
	encode_u64(to, answer->counts.seq);
	encode_u64(to, answer->counts.total);
	encode_u64(to, answer->counts.unread);
	encode_u64(to, answer->counts.unseen);
	encode_u64(to, answer->broadcasts);
	encode_u64(to, (uint64_t)answer->tokens_valid_from);
	encode_u64(to, answer->affected);
	encode_u8(to, (uint8_t)((answer->more ? ANSWER_MORE : 0) |
				(answer->reset ? ANSWER_RESET : 0) |
				(answer->replayed ? ANSWER_REPLAYED : 0) |
				(answer->stranger ? ANSWER_STRANGER : 0)));
	encode_uuid(to, &answer->next);
	encode_long(to, answer->position);
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
	answer.broadcasts = decode_u64(&from);
	answer.tokens_valid_from = (int64_t)decode_u64(&from);
	answer.affected = decode_u64(&from);
	flags = decode_u8(&from);
	answer.more = flags & ANSWER_MORE;
	answer.reset = flags & ANSWER_RESET;
	answer.replayed = flags & ANSWER_REPLAYED;
	answer.stranger = flags & ANSWER_STRANGER;
	answer.next = decode_uuid(&from);
	answer.position = decode_long(&from);
	answer.items = decode_u32(&from);
	answer.at = from;
	if (from.failed || answer.position.len > INBOX_POSITION_MAX)
		return -EBADMSG;
	*ret_answer = answer;
	return 0;
}
