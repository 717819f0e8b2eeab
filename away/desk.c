/*
 * What becomes of a user who is due, see desk.h.
 *
 *	nothing is unread		forgotten
 *	a client is connected		looked at again after another `after`
 *	nobody is there			a courier goes
 *	that is not known		all wait
 *
 * and of a delivery: done, tried later, or given up. What cannot be known, because the store or
 * the push daemon does not answer, counts for nobody: no mail is better than a thousand too many.
 */
#include "away/desk.h"

#include "away/courier.h"
#include "away/look.h"
#include "away/retry.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/timestamp.h"

#include <errno.h>

enum {
	LOOKS_MAX = 64,	 /* at one time */
	TRIES_MAX = 3,	 /* of a program that fails otherwise than for now */
	PAUSE_MS = 1000, /* until somebody who did not answer is asked again */
};

#define DELIVERY_FIELDS(place, waiting)                                 \
	LOG_FIELDS(LOG_TEXT("TIDINGS_USER", slice_of((waiting)->user)), \
		LOG_TEXT("TIDINGS_DELIVERY", slice_of((place)->id)))

/* A place for one courier. */
struct place {
	struct desk *desk;
	struct waiting *waiting; /* NULL = free */
	struct courier *courier; /* NULL = not under way yet */
	struct buffer body;
	unsigned count; /* notifications in it */
	char id[UUID_SIZE];
};

struct desk {
	const struct config *config;
	sd_event *event;
	struct inbox *inbox;
	struct agenda *agenda;
	desk_called *called;
	void *context;
	struct courier_words words; /* of the program, if there is one */
	struct secret secret;	    /* of the receiver, if there is one */
	struct place *places;
	unsigned taken;
	struct uuid last_delivery;
	int64_t pause; /* nobody is looked at before */
	bool complained;
};

static int64_t after_ms(const struct desk *desk)
{
	return (int64_t)desk->config->away.after * 1000;
}

/* ---- the agenda ---- */

static void put_back(struct desk *desk, struct waiting *waiting, int64_t due)
{
	waiting->due = due;
	agenda_touch(desk->agenda, waiting);
	agenda_return(desk->agenda, waiting);
}

/* Up to this notification there is nothing more to do. */
static void settle(struct waiting *waiting, const struct uuid *upto)
{
	waiting->from = uuid_add(upto, 1);
	waiting->delivery = (struct uuid){ 0 };
	waiting->tries = 0;
}

/* ---- a delivery ---- */

static void format_body(struct place *place, const struct found *found)
{
	struct buffer *to = &place->body;

	buffer_clear(to);
	buffer_print(to, "{\"deliveryId\":\"%s\",\"userId\":", place->id);
	json_append_string(to, slice_of(place->waiting->user));
	buffer_append_string(to, ",\"unreadCount\":");
	buffer_append_decimal(to, found->unread);
	buffer_append_string(to, ",\"notifications\":[");
	buffer_append_slice(to, buffer_slice(&found->list));
	buffer_append_string(to, "]}");
}

static struct place *free_place(struct desk *desk)
{
	struct place *place = desk->places;

	while (place->waiting)
		place++;
	return place;
}

static int prepare(struct desk *desk, struct waiting *waiting, const struct found *found,
	int64_t now)
{
	struct place *place = free_place(desk);
	int r = 0;

	if (!waiting_has_delivery(waiting)) {
		r = uuid_next(&desk->last_delivery, now);
		if (r < 0)
			return r;
		waiting->delivery = desk->last_delivery;
		waiting->last = found->last;
		agenda_touch(desk->agenda, waiting);
	}
	place->desk = desk;
	place->waiting = waiting;
	place->count = found->count;
	uuid_format(&waiting->delivery, place->id);
	format_body(place, found);
	desk->taken++;
	return buffer_status(&place->body);
}

/* Frees the place, and gives who had it. */
static struct waiting *leave(struct place *place)
{
	struct waiting *waiting = take(place->waiting);

	buffer_release(&place->body);
	place->courier = NULL;
	place->desk->taken--;
	return waiting;
}

enum outcome { HANDED_OVER, TRY_LATER, GIVE_UP };

static enum outcome judge(const struct desk *desk, const struct waiting *waiting, int status)
{
	if (status == COURIER_DONE)
		return HANDED_OVER;
	if (status == COURIER_TRY_LATER)
		return TRY_LATER;
	if (*desk->config->away.url)
		return status == COURIER_REFUSED ? GIVE_UP : TRY_LATER;
	return waiting->tries + 1 < TRIES_MAX ? TRY_LATER : GIVE_UP;
}

static void put_off(const struct place *place, struct waiting *waiting, unsigned retry_after)
{
	struct desk *desk = place->desk;
	unsigned delay = retry_delay(desk->config->away.retry, ++waiting->tries);
	int64_t now = timestamp_now();

	if (retry_after > delay)
		delay = retry_after;
	if (retry_after > 0)
		desk->pause = now + (int64_t)retry_after * 1000;
	log_event(LOG_LEVEL_WARNING, LOG_DELIVERY_FAILED, DELIVERY_FIELDS(place, waiting),
		"delivery %s for user %s: could not be handed over, tried again in %u s", place->id,
		waiting->user, delay);
	put_back(desk, waiting, now + (int64_t)delay * 1000);
}

static void finish(const struct place *place, struct waiting *waiting, bool handed_over)
{
	if (handed_over)
		log_event(LOG_LEVEL_INFO, LOG_DELIVERED, DELIVERY_FIELDS(place, waiting),
			"delivery %s for user %s: handed over, notifications: %u", place->id,
			waiting->user, place->count);
	else
		log_event(LOG_LEVEL_WARNING, LOG_DELIVERY_GIVEN_UP, DELIVERY_FIELDS(place, waiting),
			"delivery %s for user %s: refused, given up", place->id, waiting->user);
	settle(waiting, &waiting->last);
	put_back(place->desk, waiting, timestamp_now() + after_ms(place->desk));
}

static void on_done(void *context, int status, unsigned retry_after)
{
	struct place *place = context;
	struct desk *desk = place->desk;
	struct waiting *waiting = leave(place);
	enum outcome outcome = judge(desk, waiting, status);

	if (outcome == TRY_LATER)
		put_off(place, waiting, retry_after);
	else
		finish(place, waiting, outcome == HANDED_OVER);
	desk->called(desk->context);
}

void desk_send(struct desk *desk)
{
	for (unsigned i = 0; i < desk->config->away.max_at_once; i++) {
		struct place *place = &desk->places[i];
		struct courier_job job = {
			.config = desk->config,
			.words = *desk->config->away.run ? &desk->words : NULL,
			.secret = &desk->secret,
			.id = place->id,
			.body = buffer_slice(&place->body),
		};
		int r;

		if (!place->waiting || place->courier)
			continue;
		r = courier_start(desk->event, &job, on_done, place, &place->courier);
		if (r < 0) {
			log_event(LOG_LEVEL_WARNING, LOG_DELIVERY_FAILED,
				DELIVERY_FIELDS(place, place->waiting),
				"no process for delivery %s: %s", place->id, strerror(-r));
			put_back(desk, leave(place), timestamp_now() + PAUSE_MS);
		}
	}
}

void desk_withdraw(struct desk *desk)
{
	for (unsigned i = 0; i < desk->config->away.max_at_once; i++) {
		struct place *place = &desk->places[i];

		if (place->waiting && !place->courier)
			put_back(desk, leave(place), timestamp_now() + PAUSE_MS);
	}
}

/* ---- looking ---- */

/* Nothing is left of what was due, be it read, deleted or too old by now. */
static void drop(struct desk *desk, struct waiting *waiting, const struct uuid *upto, int64_t now)
{
	if (waiting_has_delivery(waiting))
		log_info("delivery for user %s: not tried again, for all in it was read or is too "
			 "old",
			waiting->user);
	settle(waiting, upto);
	put_back(desk, waiting, now);
}

/* Returns 0, or what kept the answer from being known. */
static int look_at(struct desk *desk, struct waiting *waiting, int64_t now)
{
	struct uuid upto = waiting_has_delivery(waiting) ? waiting->last : waiting->upto;
	_cleanup_(found_release) struct found found = { 0 };
	struct slice user = slice_of(waiting->user);
	bool present = false;
	int r = look_at_list(desk->inbox, desk->config, user, &waiting->from, &upto, &found);

	if (r == 0 && found.count > 0)
		r = look_at_presence(desk->config, user, &present);
	if (r != 0)
		return r;
	if (found.count == 0)
		drop(desk, waiting, &upto, now);
	else if (present)
		put_back(desk, waiting, now + after_ms(desk));
	else
		r = prepare(desk, waiting, &found, now);
	return r;
}

static void complain(struct desk *desk, int r)
{
	if (r == LOOK_UNKNOWN)
		return; /* as after each start of the push daemon */
	if (!desk->complained)
		log_event(LOG_LEVEL_WARNING, LOG_DELIVERIES_WAITING, NULL,
			"cannot find out who is away: %s; trying again",
			r == -EACCES || r == INBOX_FORBIDDEN
				? "this user has no right to ask, see user in [away]"
			: r < 0 ? strerror(-r)
				: "the store cannot answer");
	desk->complained = true;
}

int desk_take_up(struct desk *desk, int64_t now)
{
	struct waiting *waiting;
	int r = 0;

	for (unsigned i = 0; i < LOOKS_MAX && desk_due(desk) <= now; i++) {
		waiting = agenda_first(desk->agenda);
		agenda_take(desk->agenda, waiting);
		if (waiting_is_empty(waiting)) {
			agenda_remove(desk->agenda, waiting);
			continue;
		}
		r = look_at(desk, waiting, now);
		if (r == -ENOMEM)
			return r;
		if (r != 0) {
			complain(desk, r);
			agenda_return(desk->agenda, waiting);
			desk->pause = now + PAUSE_MS;
			return 0;
		}
		if (take(desk->complained))
			log_event(LOG_LEVEL_INFO, LOG_DELIVERIES_GO_ON, NULL,
				"it can be found out again who is away");
	}
	return 0;
}

int64_t desk_due(const struct desk *desk)
{
	const struct waiting *first = agenda_first(desk->agenda);

	if (!first || desk->taken == desk->config->away.max_at_once)
		return INT64_MAX;
	return first->due > desk->pause ? first->due : desk->pause;
}

unsigned desk_couriers(const struct desk *desk)
{
	return desk->taken;
}

/* ---- life ---- */

static int open_receiver(struct desk *desk)
{
	const struct config *config = desk->config;
	int r;

	if (*config->away.url) {
		r = secret_read(config->away.secret_file, &desk->secret);
		if (r == -EMSGSIZE)
			log_error("%s: a secret has from 32 to 4095 bytes",
				config->away.secret_file);
		else if (r < 0)
			log_error("%s: %s", config->away.secret_file, strerror(-r));
		return r;
	}
	r = courier_words_init(&desk->words, config->away.run);
	if (r == 0 && access(desk->words.words[0], X_OK) < 0)
		r = -errno;
	if (r < 0)
		log_error("run: %s: %s", config->away.run, strerror(-r));
	return r;
}

int desk_new(const struct config *config, sd_event *event, struct inbox *inbox,
	struct agenda *agenda, desk_called *called, void *context, struct desk **ret_desk)
{
	_cleanup_(freeing_desk_free) struct desk *desk = calloc(1, sizeof(*desk));
	int r;

	if (!desk)
		return -ENOMEM;
	*desk = (struct desk){
		.config = config,
		.event = event,
		.inbox = inbox,
		.agenda = agenda,
		.called = called,
		.context = context,
		.places = calloc(config->away.max_at_once, sizeof(*desk->places)),
	};
	if (!desk->places)
		return -ENOMEM;
	r = open_receiver(desk);
	if (r == 0)
		*ret_desk = take(desk);
	return r;
}

struct desk *desk_free(struct desk *desk)
{
	if (!desk)
		return NULL;
	for (unsigned i = 0; desk->places && i < desk->config->away.max_at_once; i++) {
		struct place *place = &desk->places[i];

		courier_free(place->courier);
		if (place->waiting)
			agenda_return(desk->agenda, leave(place));
	}
	courier_words_release(&desk->words);
	secret_wipe(&desk->secret);
	free(desk->places);
	free(desk);
	return NULL;
}
