/*
 * Requests that create: one notification, many, or one for everybody. Answers bear no
 * counts, for those are the recipients' business.
 *
 * With an Idempotency-Key a repeated request gets the first one's answer. The store keeps
 * nothing of that but the first identifier and the time; the rest is in the request, which
 * must be the same. There is one hitch: by the time of the repeat the notification may have
 * expired, and a new request would be refused for that. So one that is wrong in nothing but
 * this is passed on to the store as one that may only repeat an earlier one.
 */
#include "cgi/notifications.h"

#include "cgi/idempotency.h"
#include "lib/draft_batch.h"
#include "lib/timestamp.h"

/* What differs between the three. */
struct kind {
	enum inbox_operation operation;
	const char *invalid; /* the sentence when drafts are not valid */
	int (*read)(struct slice json, int64_t now, struct problems *problems,
		struct draft_batch *ret_batch);
	void (*write)(struct exchange *exchange, const struct inbox_answer *answer,
		const struct draft_batch *batch);
};

/* A path as it may stand in a URL: what is not unreserved (RFC 3986) is escaped. */
static void append_path(struct buffer *to, struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.data[i];

		if (c < 0x80 && (c == '/' || c == '-' || c == '.' || c == '_' || c == '~' ||
					(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
					(c >= 'a' && c <= 'z')))
			buffer_append(to, &path.data[i], 1);
		else
			buffer_print(to, "%%%02X", c);
	}
}

/* Location: the address of what was created. */
static void set_location(struct exchange *exchange, const struct uuid *id)
{
	_cleanup_(buffer_release) struct buffer location = { 0 };
	char text[UUID_SIZE];

	uuid_format(id, text);
	append_path(&location, exchange->path.base);
	buffer_print(&location, "/%s", text);
	if (buffer_string(&location))
		answer_header(exchange->answer, "Location", location.data);
}

static void write_one(struct exchange *exchange, const struct inbox_answer *answer,
	const struct draft_batch *batch)
{
	struct notification notification = inbox_created(answer, &batch->drafts[0], 0);

	notifications_append(exchange, &notification);
	buffer_append_string(&exchange->answer->body, "}");
	set_location(exchange, &notification.id);
}

static void write_all(struct exchange *exchange, const struct inbox_answer *answer,
	const struct draft_batch *batch)
{
	struct buffer *body = &exchange->answer->body;

	for (unsigned i = 0; i < batch->count; i++) {
		struct notification notification = inbox_created(answer, &batch->drafts[i], i);

		buffer_append_string(body, i == 0 ? "{\"notifications\":[" : ",");
		notification_format(body, &notification);
	}
	buffer_print(body, "],\"count\":%u}", batch->count);
}

static int read_for_user(struct slice json, int64_t now, struct problems *problems,
	struct draft_batch *ret_batch)
{
	return draft_batch_parse_one(json, DRAFT_FOR_USER, now, problems, ret_batch);
}

static int read_for_all(struct slice json, int64_t now, struct problems *problems,
	struct draft_batch *ret_batch)
{
	return draft_batch_parse_one(json, DRAFT_BROADCAST, now, problems, ret_batch);
}

/* Reads the key, if there is one; false if it is answered that it cannot be used. */
static bool read_key(struct exchange *exchange, struct inbox_request *request,
	struct inbox_once *once)
{
	switch (idempotency_read(exchange->request, exchange->path.below, once)) {
	case 0:
		request->once = once;
		return true;
	case IDEMPOTENCY_NONE:
		return true;
	case IDEMPOTENCY_MALFORMED:
		route_refuse_field(exchange->answer, "Idempotency-Key",
			"must be 1 to 255 printable ASCII characters");
		return false;
	default:
		answer_refuse(exchange->answer, 503, "The service is short of memory");
		return false;
	}
}

/*
 * Reads the body. If it is only too late for it, and the request has a key, it is passed on
 * with its problems at hand. False if it is answered.
 */
static bool read_drafts(struct exchange *exchange, const struct kind *kind,
	struct inbox_request *request, struct problems *problems, struct draft_batch *batch)
{
	const struct slice body = exchange->request->body;
	int r = kind->read(body, timestamp_now(), problems, batch);

	if (r == DRAFT_INVALID && request->once) {
		struct problems dropped = { 0 };

		r = kind->read(body, 0, &dropped, batch);
		request->only_repeat = r == 0;
	}
	if (r < 0)
		answer_refuse(exchange->answer, 503, "The service is short of memory");
	if (r > 0)
		answer_problems(exchange->answer, kind->invalid, problems);
	request->drafts = batch->drafts;
	request->draft_count = batch->count;
	return r == 0;
}

static void create(struct exchange *exchange, const struct kind *kind)
{
	struct inbox_request request = { .operation = kind->operation };
	_cleanup_(draft_batch_release) struct draft_batch batch = { 0 };
	_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };
	struct problems problems = { 0 };
	struct inbox_once once;
	int r;

	if (!read_key(exchange, &request, &once) ||
		!read_drafts(exchange, kind, &request, &problems, &batch))
		return;
	r = route_ask_store(exchange, &request, &answer);
	if (r == INBOX_NOT_FOUND)
		answer_problems(exchange->answer, kind->invalid, &problems);
	if (r != 0)
		return;
	if (answer.replayed)
		answer_header(exchange->answer, "Idempotent-Replayed", "true");
	exchange->answer->status = 201;
	kind->write(exchange, &answer, &batch);
}

void notifications_create(struct exchange *exchange)
{
	static const struct kind one = { INBOX_CREATE, "The notification is not valid",
		read_for_user, write_one };

	create(exchange, &one);
}

void notifications_create_batch(struct exchange *exchange)
{
	static const struct kind many = { INBOX_CREATE,
		"The notifications are not all valid; none was created", draft_batch_parse,
		write_all };

	create(exchange, &many);
}

void notifications_broadcast(struct exchange *exchange)
{
	static const struct kind broadcast = { INBOX_BROADCAST, "The broadcast is not valid",
		read_for_all, write_one };

	create(exchange, &broadcast);
}
