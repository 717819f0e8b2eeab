/* Questions about a user, see look.h. */
#include "away/look.h"

#include "lib/control.h"
#include "lib/timestamp.h"

#include <errno.h>

enum {
	CALL_TIMEOUT = 3000, /* milliseconds */
	PAGES_MAX = LOOK_MAX / INBOX_LIMIT_MAX,
	RETURN_SECONDS =
		60, /* that clients have to come back to a push daemon, or `after` if less */
};

void found_release(struct found *found)
{
	buffer_release(&found->list);
}

/* ---- the list ---- */

/* One notification that was found, in the text of all of them. */
struct piece {
	struct uuid id;
	size_t begin, end;
};

struct search {
	const struct config *config;
	const struct uuid *from;
	int64_t oldest; /* that is still told: milliseconds since the epoch */
	struct buffer text;
	struct piece pieces[LOOK_MAX]; /* newest first */
	unsigned count;
	bool ended; /* what follows is below the range */
};

static void search_release(struct search *search)
{
	buffer_release(&search->text);
}

static bool is_one_of(struct slice word, char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (slice_is(word, words[i]))
			return true;
	return !words[0];
}

/* Broadcasts stand in every list, and are no matter of one user. */
static bool is_wanted(const struct search *search, const struct notification *notification)
{
	return !notification->broadcast && notification->created >= search->oldest &&
	       is_one_of(slice_of(notification_type_name(notification->type)),
		       search->config->away.types) &&
	       is_one_of(notification->category, search->config->away.categories);
}

static void take_page(struct search *search, struct inbox_answer *answer)
{
	struct notification notification;

	while (!search->ended && inbox_next_notification(answer, &notification)) {
		struct piece *piece = &search->pieces[search->count];

		search->ended = uuid_compare(&notification.id, search->from) < 0;
		if (search->ended || !is_wanted(search, &notification))
			continue;
		piece->id = notification.id;
		piece->begin = search->text.len;
		notification_format(&search->text, &notification);
		piece->end = search->text.len;
		search->count++;
	}
	search->ended = search->ended || !answer->more;
}

/* The oldest of those that were found, in the order in which they were made. */
static int keep_oldest(const struct search *search, unsigned limit, struct found *found)
{
	unsigned count = search->count < limit ? search->count : limit;

	for (unsigned i = 0; i < count; i++) {
		const struct piece *piece = &search->pieces[search->count - 1 - i];

		if (i > 0)
			buffer_append(&found->list, ",", 1);
		buffer_append(&found->list, search->text.data + piece->begin,
			piece->end - piece->begin);
		found->last = piece->id;
	}
	found->count = count;
	return buffer_status(&found->list);
}

int look_at_list(struct inbox *inbox, const struct config *config, struct slice user,
	const struct uuid *from, const struct uuid *upto, struct found *ret_found)
{
	_cleanup_(search_release) struct search search = {
		.config = config,
		.from = from,
		.oldest = timestamp_now() - (int64_t)config->away.max_age * 1000,
	};
	struct inbox_request request = {
		.operation = INBOX_LIST,
		.user = user,
		.query = { .limit = INBOX_LIMIT_MAX,
			.unread = true,
			.type = INBOX_ANY_TYPE,
			.from_cursor = true,
			.cursor = uuid_add(upto, 1) },
	};
	struct found found = { 0 };
	int r = 0;

	for (unsigned page = 0; r == 0 && !search.ended && page < PAGES_MAX; page++) {
		_cleanup_(inbox_answer_release) struct inbox_answer answer = { 0 };

		r = inbox_call(inbox, &request, CALL_TIMEOUT, &answer);
		if (r != 0)
			break;
		take_page(&search, &answer);
		request.query.cursor = answer.next;
		found.unread = answer.counts.unread;
		r = buffer_status(&search.text);
	}
	if (r == 0)
		r = keep_oldest(&search, config->away.max_per_message, &found);
	if (r != 0)
		found_release(&found);
	else
		*ret_found = found;
	return r;
}

/* ---- presence ---- */

static int read_presence(const struct config *config, const struct control_answer *answer,
	bool *ret_present)
{
	uint64_t connections, uptime;
	unsigned patience =
		config->away.after < RETURN_SECONDS ? config->away.after : RETURN_SECONDS;

	if (control_number(answer, "connections", &connections) < 0 ||
		control_number(answer, "uptime", &uptime) < 0)
		return -EBADMSG;
	if (connections == 0 && uptime < patience)
		return LOOK_UNKNOWN;
	*ret_present = connections > 0;
	return 0;
}

int look_at_presence(const struct config *config, struct slice user, bool *ret_present)
{
	_cleanup_(control_answer_release) struct control_answer answer = { 0 };
	_cleanup_(buffer_release) struct buffer request = { 0 };
	int r;

	buffer_append_string(&request, "{\"command\":\"presence\",\"user\":");
	json_append_string(&request, user);
	buffer_append_string(&request, "}");
	r = buffer_status(&request);
	if (r == 0)
		r = control_call(config, buffer_slice(&request), CALL_TIMEOUT, &answer);
	if (r == CONTROL_REFUSED)
		return slice_is(control_refusal_code(&answer), "forbidden") ? -EACCES : -EPROTO;
	return r < 0 ? r : read_presence(config, &answer, ret_present);
}
