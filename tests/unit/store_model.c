/*
 * The store against a model of it: thousands of random operations on a few
 * users, the rows following bulk operations at random moments and the store
 * opened anew now and then. The model is an array that is searched from end to
 * end; every reply, every count and every list must agree with it.
 */
#include "tests/tap.h"
#include "tests/unit/store_fixture.h"

#include <string.h>

enum { USERS = 3, LARGE = 0 /* gets few deletions */, ROWS = 4000, STEPS = 9000, CHECK_EVERY = 97, REOPEN_EVERY = 1501 };

static const char *const names[USERS] = { "anna", "anna\x20" "b", "an" };
static const char *const categories[] = { "", "mail", "build" };

struct model_row {
	struct uuid id;
	enum notification_type type;
	const char *category;
	bool read;
	int64_t read_at; /* 0 = not yet told */
};

struct model {
	struct model_row rows[ROWS]; /* oldest first */
	size_t count;
	uint64_t seq;
	struct uuid seen;
};

static struct model models[USERS];
static struct fixture fixture;
static unsigned long long seed = 20260131;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static uint64_t count_unread(const struct model *model, bool unseen_only)
{
	uint64_t n = 0;

	for (size_t i = 0; i < model->count; i++)
		n += !model->rows[i].read &&
		     (!unseen_only || uuid_compare(&model->rows[i].id, &model->seen) > 0);
	return n;
}

static bool counts_agree(const struct model *model)
{
	const struct counts *counts = &fixture.reply.answer.counts;

	return counts->seq == model->seq && counts->total == model->count &&
	       counts->unread == count_unread(model, false) &&
	       counts->unseen == count_unread(model, true);
}

static bool matches(const struct model_row *row, const struct inbox_query *query)
{
	return !(query->unread && row->read) &&
	       (query->type == INBOX_ANY_TYPE || query->type == (int)row->type) &&
	       (query->category.len == 0 || slice_is(query->category, row->category));
}

/* Compares one notification; the time at which it was read must never change. */
static bool row_agrees(struct model_row *row, const struct notification *notification)
{
	if (uuid_compare(&row->id, &notification->id) != 0 || row->type != notification->type ||
	    row->read != (notification->read != 0) ||
	    !slice_is(notification->category, row->category))
		return false;
	if (row->read && row->read_at == 0)
		row->read_at = notification->read;
	return !row->read || row->read_at == notification->read;
}

/* Reads a whole list, page by page, and compares it. */
static bool list_agrees(struct model *model, const char *name, struct inbox_query query)
{
	struct inbox_request request = { .operation = INBOX_LIST, .user = slice_of(name) };
	size_t at = model->count;
	bool more = true;

	for (unsigned skip = query.offset; skip > 0 && at > 0;)
		skip -= matches(&model->rows[--at], &query);
	while (more) {
		struct notification notification;
		struct inbox_answer answer;

		query.limit = 1 + pick(INBOX_LIMIT_MAX);
		request.query = query;
		if (fixture_do(&fixture, &request) != 0)
			return false;
		answer = fixture_answer(&fixture);
		more = answer.more;
		while (inbox_next_notification(&answer, &notification)) {
			while (at > 0 && !matches(&model->rows[at - 1], &query))
				at--;
			if (at == 0 || !row_agrees(&model->rows[--at], &notification))
				return false;
		}
		query.from_cursor = true;
		query.cursor = answer.next;
		query.offset = 0;
	}
	while (at > 0 && !matches(&model->rows[at - 1], &query))
		at--;
	return at == 0;
}

static bool all_agrees(unsigned u)
{
	struct inbox_query all = { .type = INBOX_ANY_TYPE };
	struct inbox_query unread = { .type = INBOX_ANY_TYPE, .unread = true };
	struct inbox_query typed = { .type = (int)pick(NOTIFICATION_TYPES), .offset = pick(5) };
	struct inbox_query filed = { .type = INBOX_ANY_TYPE, .offset = pick(20) };

	filed.category = slice_of(categories[1 + pick(2)]);
	filed.unread = pick(2);
	return fixture_run(&fixture, INBOX_COUNT, names[u]) == 0 && counts_agree(&models[u]) &&
	       list_agrees(&models[u], names[u], all) && list_agrees(&models[u], names[u], unread) &&
	       list_agrees(&models[u], names[u], typed) && list_agrees(&models[u], names[u], filed);
}

/* ---- operations; each returns whether the store did what the model says ---- */

static bool do_create(struct model *model, const char *name)
{
	struct model_row row = {
		.type = pick(NOTIFICATION_TYPES),
		.category = categories[pick(3)],
	};

	if (model->count == ROWS || fixture_create(&fixture, name, row.type, row.category, &row.id) != 0)
		return model->count == ROWS;
	model->rows[model->count++] = row;
	model->seq++;
	return model->count < 2 ||
	       uuid_compare(&row.id, &model->rows[model->count - 2].id) > 0;
}

static bool do_mark(struct model *model, const char *name, bool read)
{
	struct model_row *row = &model->rows[pick((unsigned)model->count)];
	struct notification notification;
	struct inbox_answer answer;

	if (fixture_mark(&fixture, read ? INBOX_MARK_READ : INBOX_MARK_UNREAD, name, &row->id) != 0)
		return false;
	if (row->read != read) {
		row->read = read;
		row->read_at = 0;
		model->seq++;
	}
	answer = fixture_answer(&fixture);
	return inbox_next_notification(&answer, &notification) && row_agrees(row, &notification);
}

static bool do_delete(struct model *model, const char *name)
{
	size_t at = pick((unsigned)model->count);
	struct uuid id = model->rows[at].id;

	if (fixture_mark(&fixture, INBOX_DELETE, name, &id) != 0)
		return false;
	memmove(&model->rows[at], &model->rows[at + 1],
		(--model->count - at) * sizeof(model->rows[0]));
	model->seq++;
	return counts_agree(model) &&
	       fixture_mark(&fixture, INBOX_DELETE, name, &id) == INBOX_NOT_FOUND &&
	       fixture_mark(&fixture, INBOX_GET, name, &id) == INBOX_NOT_FOUND &&
	       fixture_mark(&fixture, INBOX_MARK_READ, name, &id) == INBOX_NOT_FOUND &&
	       fixture_run(&fixture, INBOX_COUNT, name) == 0;
}

static bool do_seen(struct model *model, const char *name)
{
	uint64_t unseen = count_unread(model, true);

	if (fixture_run(&fixture, INBOX_SEEN, name) != 0)
		return false;
	if (unseen > 0) {
		model->seen = model->rows[model->count - 1].id;
		model->seq++;
	}
	return true;
}

/* Removes what a bulk operation removes, or marks it; returns how many it touched. */
static uint64_t model_bulk(struct model *model, enum inbox_operation operation)
{
	size_t kept = 0, before = model->count;
	uint64_t marked = 0;

	if (operation == INBOX_READ_ALL) {
		for (size_t i = 0; i < model->count; i++) {
			marked += !model->rows[i].read;
			model->rows[i].read = true;
		}
		return marked;
	}
	for (size_t i = 0; i < model->count; i++)
		if (operation == INBOX_DELETE_READ && !model->rows[i].read)
			model->rows[kept++] = model->rows[i];
	model->count = kept;
	return before - kept;
}

static bool do_bulk(struct model *model, const char *name, enum inbox_operation operation)
{
	int r = fixture_run(&fixture, operation, name);
	uint64_t affected;

	if (r == INBOX_BUSY) { /* too many pending: allowed, and nothing has changed */
		fixture_sweep(&fixture);
		return fixture_run(&fixture, INBOX_COUNT, name) == 0 && counts_agree(model);
	}
	if (r != 0)
		return false;
	affected = model_bulk(model, operation);
	model->seq += affected > 0;
	return fixture.reply.answer.affected == affected;
}

static bool step(unsigned u)
{
	struct model *model = &models[u];
	const char *name = names[u];
	unsigned which = pick(100);

	if (which < 45 || model->count == 0 || (u == LARGE && which >= 70 && pick(8) > 0))
		return do_create(model, name);
	if (which < 70)
		return do_mark(model, name, which < 60);
	if (which < 80)
		return do_delete(model, name);
	if (which < 88)
		return do_seen(model, name);
	if (which < 95)
		return do_bulk(model, name, INBOX_READ_ALL);
	if (which < 99)
		return do_bulk(model, name, INBOX_DELETE_READ);
	return do_bulk(model, name, pick(4) ? INBOX_READ_ALL : INBOX_DELETE_ALL);
}

int main(void)
{
	bool steps_right = true, all_right = true;
	unsigned checks = 0;

	fixture_open(&fixture);
	for (unsigned i = 1; i <= STEPS && steps_right && all_right; i++) {
		unsigned u = pick(USERS);

		steps_right = step(u) && counts_agree(&models[u]);
		if (!steps_right)
			tap_note("step %u, user %u: seq %llu, the model says %llu", i, u,
				(unsigned long long)fixture.reply.answer.counts.seq,
				(unsigned long long)models[u].seq);
		if (pick(8) == 0 && store_work(fixture.store) < 0)
			steps_right = false;
		if (i % REOPEN_EVERY == 0)
			fixture_reopen(&fixture);
		if (i % CHECK_EVERY == 0) {
			all_right = all_agrees(u);
			checks++;
		}
	}
	tap_ok(steps_right, "%d random operations answer what the model says", STEPS);
	tap_ok(all_right, "%u times all lists agree with the model", checks);
	fixture_sweep(&fixture);
	for (unsigned u = 0; u < USERS; u++)
		tap_ok(all_agrees(u), "user %u agrees after the last sweep", u);
	fixture_close(&fixture);
	return tap_done();
}
