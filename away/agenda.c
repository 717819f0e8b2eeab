/*
 * Users by name, in a search tree of the C library, and by the time at which they are due, in
 * a heap; see agenda.h.
 */
#include "away/agenda.h"

#include <errno.h>
#include <search.h>

static int compare_names(const void *a, const void *b)
{
	const struct waiting *const x = a, *const y = b;

	return strcmp(x->user, y->user);
}

bool waiting_is_empty(const struct waiting *waiting)
{
	return uuid_compare(&waiting->from, &waiting->upto) > 0;
}

bool waiting_has_delivery(const struct waiting *waiting)
{
	static const struct uuid none;

	return uuid_compare(&waiting->delivery, &none) != 0;
}

/* ---- the heap ---- */

static void put(struct agenda *agenda, size_t place, struct waiting *waiting)
{
	agenda->by_due[place] = waiting;
	waiting->place = place;
}

static void rise(struct agenda *agenda, size_t place, struct waiting *waiting)
{
	while (place > 0 && agenda->by_due[(place - 1) / 2]->due > waiting->due) {
		put(agenda, place, agenda->by_due[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(agenda, place, waiting);
}

static void sink(struct agenda *agenda, size_t place, struct waiting *waiting)
{
	for (size_t child; (child = 2 * place + 1) < agenda->count; place = child) {
		if (child + 1 < agenda->count &&
			agenda->by_due[child + 1]->due < agenda->by_due[child]->due)
			child++;
		if (agenda->by_due[child]->due >= waiting->due)
			break;
		put(agenda, place, agenda->by_due[child]);
	}
	put(agenda, place, waiting);
}

struct waiting *agenda_first(const struct agenda *agenda)
{
	return agenda->count > 0 ? agenda->by_due[0] : NULL;
}

void agenda_take(struct agenda *agenda, struct waiting *waiting)
{
	struct waiting *last = agenda->by_due[--agenda->count];

	waiting->taken = true;
	if (last == waiting)
		return;
	if (last->due < waiting->due)
		rise(agenda, waiting->place, last);
	else
		sink(agenda, waiting->place, last);
}

/* There is room: as many as there are users. */
void agenda_return(struct agenda *agenda, struct waiting *waiting)
{
	waiting->taken = false;
	rise(agenda, agenda->count++, waiting);
}

static int grow(struct agenda *agenda)
{
	size_t size = agenda->size > 0 ? agenda->size * 2 : 64;
	struct waiting **heap;

	if (agenda->users < agenda->size)
		return 0;
	heap = reallocarray(agenda->by_due, size, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	agenda->by_due = heap;
	agenda->size = size;
	return 0;
}

/* ---- users ---- */

static int add(struct agenda *agenda, struct waiting *waiting)
{
	if (grow(agenda) < 0 || !tsearch(waiting, &agenda->by_name, compare_names))
		return -ENOMEM;
	agenda->users++;
	agenda_return(agenda, waiting);
	return 0;
}

int agenda_get(struct agenda *agenda, struct slice user, int64_t due, struct waiting **ret_waiting)
{
	static const uint8_t zeros[UUID_RANDOM_BYTES];
	_cleanup_(freeing_memory) struct waiting *waiting =
		calloc(1, sizeof(*waiting) + user.len + 1);
	void *found;
	int r;

	if (!waiting)
		return -ENOMEM;
	memcpy(waiting->user, user.data, user.len);
	found = tfind(waiting, &agenda->by_name, compare_names);
	if (found) {
		*ret_waiting = *(struct waiting **)found;
		return 0;
	}
	waiting->due = due;
	waiting->from = uuid_of(1, zeros);
	r = add(agenda, waiting);
	if (r == 0)
		*ret_waiting = take(waiting);
	return r;
}

void agenda_touch(struct agenda *agenda, struct waiting *waiting)
{
	if (waiting->changed)
		return;
	waiting->changed = true;
	waiting->next_changed = agenda->changed;
	agenda->changed = waiting;
}

static void unlink_changed(struct agenda *agenda, struct waiting *waiting)
{
	struct waiting **link = &agenda->changed;

	while (*link && *link != waiting)
		link = &(*link)->next_changed;
	if (*link)
		*link = waiting->next_changed;
}

void agenda_remove(struct agenda *agenda, struct waiting *waiting)
{
	if (waiting->saved)
		buffer_append(&agenda->removed, waiting->user, strlen(waiting->user) + 1);
	if (waiting->changed)
		unlink_changed(agenda, waiting);
	tdelete(waiting, &agenda->by_name, compare_names);
	agenda->users--;
	free(waiting);
}

void agenda_saved(struct agenda *agenda)
{
	for (struct waiting *waiting; (waiting = agenda->changed);) {
		agenda->changed = waiting->next_changed;
		waiting->changed = false;
		waiting->saved = true;
	}
	buffer_clear(&agenda->removed);
}

struct visit {
	agenda_visitor *visit;
	void *context;
};

static void visit_node(const void *node, VISIT which, void *context)
{
	const struct visit *visit = context;

	if (which == postorder || which == leaf)
		visit->visit(visit->context, *(struct waiting *const *)node);
}

void agenda_visit(const struct agenda *agenda, agenda_visitor *visit, void *context)
{
	struct visit each = { visit, context };

	twalk_r(agenda->by_name, visit_node, &each);
}

void agenda_release(struct agenda *agenda)
{
	tdestroy(agenda->by_name, free);
	free(agenda->by_due);
	buffer_release(&agenda->removed);
	*agenda = (struct agenda){ 0 };
}
