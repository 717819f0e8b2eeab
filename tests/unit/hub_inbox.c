/* The inbox of hub_fixture.h, see hub_inbox.h. */
#include "tests/unit/hub_inbox.h"

#include <errno.h>
#include <stdlib.h>

struct pending {
	struct pending *next;
	struct inbox_request request; /* without the slices */
	unsigned user;
	bool by_user; /* it is asked in the user's name */
	char epoch[64];
	inbox_answered *answered; /* NULL = forgotten */
	void *context;
	bool computed;
	int result;
	struct inbox_answer answer;
};

struct inbox {
	struct pending *first;
	struct inbox_greeting greeting;
	struct hub_model *model;
	bool full;
};

int inbox_new(const struct config *config, struct inbox **ret_inbox)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	(void)config;
	if (!inbox)
		abort();
	inbox->greeting.epoch[0] = '1';
	inbox->model = hub_model_new();
	*ret_inbox = inbox;
	return 0;
}

static void pending_free(struct pending *pending)
{
	buffer_release(&pending->answer.storage);
	free(pending);
}

static struct pending *take_first(struct inbox *inbox)
{
	struct pending *pending = inbox->first;

	inbox->first = pending->next;
	return pending;
}

void hub_inbox_cancel(struct inbox *inbox)
{
	while (inbox->first) {
		struct pending *pending = take_first(inbox);

		if (pending->answered)
			pending->answered(pending->context, -ECANCELED, NULL);
		pending_free(pending);
	}
}

struct inbox *inbox_free(struct inbox *inbox)
{
	hub_inbox_cancel(inbox);
	hub_model_free(inbox->model);
	free(inbox);
	return NULL;
}

static unsigned user_of(struct slice name)
{
	for (unsigned user = 0; user < HUB_MODEL_USERS; user++)
		if (slice_is(name, hub_model_name(user)))
			return user;
	abort(); /* only their tokens can be valid */
}

int inbox_submit(struct inbox *inbox, const struct inbox_request *request, inbox_answered *answered,
	void *context)
{
	struct pending *pending = calloc(1, sizeof(*pending)), **end = &inbox->first;

	if (!pending || request->epoch.len >= sizeof(pending->epoch))
		abort();
	pending->request = *request;
	pending->user = user_of(request->user);
	pending->by_user = request->caller.name.len > 0;
	if (pending->by_user && !slice_equal(request->caller.name, request->user))
		abort();
	if (request->epoch.len > 0)
		memcpy(pending->epoch, request->epoch.data, request->epoch.len);
	pending->answered = answered;
	pending->context = context;
	while (*end)
		end = &(*end)->next;
	*end = pending;
	return 0;
}

void inbox_forget(struct inbox *inbox, const void *context)
{
	for (struct pending *pending = inbox->first; pending; pending = pending->next)
		if (pending->context == context)
			pending->answered = NULL;
}

const struct inbox_greeting *inbox_greeting(const struct inbox *inbox)
{
	return &inbox->greeting;
}

struct hub_model *hub_inbox_model(struct inbox *inbox)
{
	return inbox->model;
}

void hub_inbox_set_full(struct inbox *inbox, bool full)
{
	inbox->full = full;
}

void hub_inbox_new_life(struct inbox *inbox)
{
	char *name = inbox->greeting.epoch;

	name[0] = name[0] == '9' ? '1' : (char)(name[0] + 1);
	hub_model_clear(inbox->model);
	for (struct pending *pending = inbox->first; pending; pending = pending->next) {
		buffer_release(&pending->answer.storage);
		pending->answer = (struct inbox_answer){ 0 };
		pending->computed = false;
		pending->result = 0;
	}
}

size_t hub_inbox_waiting(const struct inbox *inbox)
{
	size_t n = 0;

	for (const struct pending *one = inbox->first; one; one = one->next)
		n++;
	return n;
}

/* ---- work ---- */

static void list(struct pending *pending)
{
	const struct notification notification = {
		.created = INT64_C(1800000000000),
		.content = SLICE("\"title\":\"listed\""),
	};

	buffer_append(&pending->answer.storage, notification.id.bytes, UUID_BYTES);
	notification_encode(&pending->answer.storage, &notification);
	pending->answer.items = 1;
}

static void list_missed(struct inbox *inbox, struct pending *pending)
{
	struct inbox_answer *answer = &pending->answer;

	answer->reset = strcmp(pending->epoch, inbox->greeting.epoch) != 0 ||
			!hub_model_missed(inbox->model, pending->user, pending->request.since,
				&answer->storage, &answer->items);
	if (answer->reset)
		buffer_clear(&answer->storage);
}

/* Who asks in their own name becomes known, if the token is good. */
static bool admit(struct inbox *inbox, struct pending *pending)
{
	int64_t valid_from = hub_model_tokens_valid_from(inbox->model, pending->user);

	if (!pending->by_user)
		return true;
	if (pending->request.caller.issued < valid_from) {
		pending->result = INBOX_REVOKED;
		return false;
	}
	if (!inbox->full)
		hub_model_introduce(inbox->model, pending->user);
	return true;
}

static void work(struct inbox *inbox, struct pending *pending, int64_t time)
{
	struct inbox_answer *answer = &pending->answer;

	pending->computed = true;
	if (!admit(inbox, pending))
		return;
	if (pending->request.operation == INBOX_MARK_READ)
		pending->result = INBOX_NOT_FOUND;
	if (pending->request.operation == INBOX_READ_ALL)
		hub_model_change(inbox->model, pending->user, CHANGE_ALL_READ, false, time);
	if (pending->request.operation == INBOX_SEEN)
		hub_model_change(inbox->model, pending->user, CHANGE_SEEN, false, time);
	if (pending->request.operation == INBOX_LIST)
		list(pending);
	if (pending->request.operation == INBOX_CHANGES)
		list_missed(inbox, pending);
	answer->counts = hub_model_counts(inbox->model, pending->user);
	answer->broadcasts = hub_model_broadcasts(inbox->model);
	answer->tokens_valid_from = hub_model_tokens_valid_from(inbox->model, pending->user);
	answer->stranger = !hub_model_knows(inbox->model, pending->user);
	answer->at = decoder_of(answer->storage.data, answer->storage.len);
}

void hub_inbox_work(struct inbox *inbox, bool all, int64_t time)
{
	for (struct pending *one = inbox->first; one; one = all ? one->next : NULL)
		if (!one->computed)
			work(inbox, one, time);
}

void hub_inbox_swap(struct inbox *inbox)
{
	struct pending *first = inbox->first;

	if (!first || !first->next)
		return;
	inbox->first = first->next;
	first->next = inbox->first->next;
	inbox->first->next = first;
}

void hub_inbox_deliver(struct inbox *inbox, int result)
{
	struct pending *pending = take_first(inbox);

	if (result == 0)
		result = pending->result;
	if (pending->answered)
		pending->answered(pending->context, result, result == 0 ? &pending->answer : NULL);
	pending_free(pending);
}
