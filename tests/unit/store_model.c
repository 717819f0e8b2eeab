/*
 * The store against a model of it: thousands of random operations on a few
 * users, the rows following bulk operations at random moments and the store
 * opened anew now and then. Every reply, every count, every list and what is told of the
 * changes since any moment must agree with the model.
 */
#include "stored/check.h"
#include "tests/tap.h"
#include "tests/unit/model.h"
#include "tests/unit/store_fixture.h"

#include <string.h>

enum {
	LARGE = 0, /* the user who gets few deletions */
	STEPS = 12000,
	CHECK_EVERY = 97,
	REOPEN_EVERY = 701,
	BATCH = 12,
	BROADCASTS = 40, /* live at a time; the oldest makes room */
};

static const char *const names[MODEL_USERS] = { "anna", "anna\x20" "b", "an" };
static const char *const categories[] = { "", "mail", "build" };

static struct models models;
static struct uuid live[BROADCASTS];
static size_t live_count;
static struct uuid last_id; /* of all notifications */
static struct fixture fixture;
static unsigned long long seed = 20260131;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static bool counts_agree(unsigned u)
{
	return fixture_run(&fixture, INBOX_COUNT, names[u]) == 0 &&
	       model_counts_agree(&models.users[u], &fixture.reply.answer.counts);
}

/* Reads a whole list, page by page, and compares it. */
static bool list_agrees(unsigned u, struct inbox_query query)
{
	struct inbox_request request = { .operation = INBOX_LIST, .user = slice_of(names[u]) };
	struct model *model = &models.users[u];
	size_t at = model->count;
	bool more = true;

	for (unsigned skip = query.offset; skip > 0 && at > 0;)
		skip -= model_matches(&model->rows[--at], &query);
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
			while (at > 0 && !model_matches(&model->rows[at - 1], &query))
				at--;
			if (at == 0 || !model_row_agrees(&model->rows[--at], &notification))
				return false;
		}
		query.from_cursor = true;
		query.cursor = answer.next;
		query.offset = 0;
	}
	while (at > 0 && !model_matches(&model->rows[at - 1], &query))
		at--;
	return at == 0;
}

static bool changes_agree(unsigned u)
{
	const struct model *model = &models.users[u];
	struct inbox_greeting greeting;
	struct inbox_request request = {
		.operation = INBOX_CHANGES,
		.user = slice_of(names[u]),
		.since = model->seq + 2 - pick(110),
	};
	struct inbox_answer answer;

	if ((int64_t)request.since < 0 || store_greeting(fixture.store, &greeting) < 0)
		return true;
	request.epoch = slice_of(greeting.epoch);
	if (fixture_do(&fixture, &request) != 0)
		return false;
	answer = fixture_answer(&fixture);
	return model_changes_agree(model, request.since, &answer);
}

static bool all_agrees(unsigned u)
{
	struct inbox_query all = { .type = INBOX_ANY_TYPE };
	struct inbox_query unread = { .type = INBOX_ANY_TYPE, .unread = true };
	struct inbox_query typed = { .type = (int)pick(NOTIFICATION_TYPES), .offset = pick(5) };
	struct inbox_query filed = { .type = INBOX_ANY_TYPE, .offset = pick(20) };

	filed.category = slice_of(categories[1 + pick(2)]);
	filed.unread = pick(2);
	return counts_agree(u) && list_agrees(u, all) && list_agrees(u, unread) &&
	       list_agrees(u, typed) && list_agrees(u, filed);
}

/* ---- operations; each returns whether the store did what the model says ---- */

static struct draft some_draft(const char *user, struct model_row *row)
{
	*row = (struct model_row){
		.type = pick(NOTIFICATION_TYPES),
		.category = categories[pick(3)],
		.broadcast = !user,
	};
	return (struct draft){
		.user = slice_of(user),
		.type = row->type,
		.category = slice_of(row->category),
		.content = SLICE("\"title\":\"t\",\"message\":\"m\""),
	};
}

static int submit(enum inbox_operation operation, const struct draft *drafts, unsigned count)
{
	struct inbox_request request = {
		.operation = operation,
		.drafts = drafts,
		.draft_count = count,
	};
	int r = fixture_do(&fixture, &request);

	if (r == 0)
		last_id = uuid_add(&fixture.reply.answer.next, count - 1);
	return r;
}

static bool has_room(void)
{
	for (unsigned u = 0; u < MODEL_USERS; u++)
		if (models.users[u].count + BATCH > MODEL_ROWS)
			return false;
	return true;
}

static bool do_create(unsigned u)
{
	struct model_row row;
	struct draft draft = some_draft(names[u], &row);
	struct uuid before = last_id;

	if (!has_room())
		return true;
	if (submit(INBOX_CREATE, &draft, 1) != 0)
		return false;
	row.id = last_id;
	model_create(&models.users[u], &row, 1);
	return uuid_compare(&last_id, &before) > 0;
}

/* For several users, in any order; each user's are one change. */
static bool do_batch(unsigned u)
{
	struct model_row rows[BATCH], mine[BATCH];
	struct draft drafts[BATCH];
	unsigned of[BATCH], count = 1 + pick(BATCH);

	(void)u;
	if (!has_room())
		return true;
	for (unsigned i = 0; i < count; i++) {
		of[i] = pick(MODEL_USERS);
		drafts[i] = some_draft(names[of[i]], &rows[i]);
	}
	if (submit(INBOX_CREATE, drafts, count) != 0)
		return false;
	for (unsigned user = 0; user < MODEL_USERS; user++) {
		size_t n = 0;

		for (unsigned i = 0; i < count; i++) {
			rows[i].id = uuid_add(&fixture.reply.answer.next, i);
			if (of[i] == user)
				mine[n++] = rows[i];
		}
		if (n > 0)
			model_create(&models.users[user], mine, n);
	}
	return true;
}

/* One that has ended before it began: it is there until the store finds time to look. */
static bool do_expire(unsigned u)
{
	struct model *model = &models.users[u];
	struct model_row row;
	struct draft draft = some_draft(names[u], &row);

	if (!has_room())
		return true;
	draft.expires = 1;
	if (submit(INBOX_CREATE, &draft, 1) != 0)
		return false;
	row.id = last_id;
	model_create(model, &row, 1);
	if (!counts_agree(u))
		return false;
	fixture_sweep(&fixture);
	model_remove(model, model->count - 1, CHANGE_EXPIRED);
	return true;
}

static bool do_mark(unsigned u)
{
	struct model *model = &models.users[u];
	struct model_row *row = &model->rows[pick((unsigned)model->count)];
	bool read = pick(5) < 3;
	struct notification notification;
	struct inbox_answer answer;

	if (fixture_mark(&fixture, read ? INBOX_MARK_READ : INBOX_MARK_UNREAD, names[u], &row->id) != 0)
		return false;
	model_mark(model, row, read);
	answer = fixture_answer(&fixture);
	return model_counts_agree(model, &answer.counts) &&
	       inbox_next_notification(&answer, &notification) &&
	       model_row_agrees(row, &notification);
}

static bool is_gone(unsigned u, const struct uuid *id)
{
	static const enum inbox_operation operations[] = { INBOX_DELETE, INBOX_WITHDRAW, INBOX_GET,
		INBOX_MARK_READ, INBOX_MARK_UNREAD };

	for (size_t i = 0; i < ARRAY_LENGTH(operations); i++)
		if (fixture_mark(&fixture, operations[i], names[u], id) != INBOX_NOT_FOUND)
			return false;
	return true;
}

static bool do_delete(unsigned u)
{
	struct model *model = &models.users[u];
	size_t at = pick((unsigned)model->count);
	struct uuid id = model->rows[at].id;
	bool withdraw = !model->rows[at].broadcast && pick(3) == 0;

	if (fixture_mark(&fixture, withdraw ? INBOX_WITHDRAW : INBOX_DELETE, names[u], &id) != 0)
		return false;
	model_remove(model, at, withdraw ? CHANGE_WITHDRAWN : CHANGE_DELETED);
	return model_counts_agree(model, &fixture.reply.answer.counts) && is_gone(u, &id);
}

static bool do_seen(unsigned u)
{
	if (fixture_run(&fixture, INBOX_SEEN, names[u]) != 0)
		return false;
	model_seen(&models.users[u], &last_id);
	return model_counts_agree(&models.users[u], &fixture.reply.answer.counts);
}

static bool do_bulk(unsigned u)
{
	static const enum inbox_operation operations[] = { INBOX_READ_ALL, INBOX_READ_ALL,
		INBOX_READ_ALL, INBOX_DELETE_READ, INBOX_DELETE_READ, INBOX_DELETE_ALL };
	enum inbox_operation operation = operations[pick(u == LARGE ? 4 : 6)];
	int r = fixture_run(&fixture, operation, names[u]);

	if (r == INBOX_BUSY) { /* too many pending: allowed, and nothing has changed */
		fixture_sweep(&fixture);
		return counts_agree(u);
	}
	return r == 0 && fixture.reply.answer.affected == model_bulk(&models.users[u], operation) &&
	       model_counts_agree(&models.users[u], &fixture.reply.answer.counts);
}

static bool end_broadcast(size_t at)
{
	struct uuid id = live[at];
	struct inbox_request request = { .operation = INBOX_WITHDRAW_BROADCAST, .id = id };

	if (fixture_do(&fixture, &request) != 0)
		return false;
	model_end_broadcast(&models, &id, CHANGE_BROADCAST_WITHDRAWN);
	memmove(&live[at], &live[at + 1], (--live_count - at) * sizeof(live[0]));
	return fixture_do(&fixture, &request) == INBOX_NOT_FOUND;
}

static bool do_broadcast(unsigned u)
{
	struct model_row row;
	struct draft draft = some_draft(NULL, &row);
	bool expires = pick(6) == 0;

	(void)u;
	if (!has_room() || (live_count == BROADCASTS && !end_broadcast(0)))
		return !has_room();
	draft.expires = expires ? 1 : 0;
	if (submit(INBOX_BROADCAST, &draft, 1) != 0)
		return false;
	row.id = last_id;
	model_broadcast(&models, &row);
	live[live_count++] = row.id;
	if (!expires)
		return true;
	fixture_sweep(&fixture);
	model_end_broadcast(&models, &live[--live_count], CHANGE_BROADCAST_EXPIRED);
	return true;
}

static bool do_end_broadcast(unsigned u)
{
	(void)u;
	return live_count == 0 || end_broadcast(pick((unsigned)live_count));
}

static bool do_forget(unsigned u)
{
	if (u == LARGE || pick(4) > 0)
		return true;
	if (fixture_run(&fixture, INBOX_FORGET, names[u]) != 0)
		return false;
	model_forget(&models, &models.users[u]);
	return true;
}

/* Asks in the user's own name, which makes a stranger a user. */
static bool do_introduce(unsigned u)
{
	struct inbox_request request = {
		.operation = INBOX_COUNT,
		.user = slice_of(names[u]),
		.caller = { .name = slice_of(names[u]) },
	};

	if (fixture_do(&fixture, &request) != 0)
		return false;
	model_introduce(&models.users[u]);
	return true;
}

static const struct {
	unsigned weight;
	bool (*run)(unsigned u);
	bool needs_rows;
} operations[] = {
	{ 38, do_create, false },
	{ 4, do_batch, false },
	{ 2, do_expire, false },
	{ 25, do_mark, true },
	{ 10, do_delete, true },
	{ 8, do_seen, false },
	{ 8, do_bulk, false },
	{ 4, do_broadcast, false },
	{ 2, do_end_broadcast, false },
	{ 1, do_forget, false },
	{ 3, do_introduce, false },
};

static bool step(unsigned u)
{
	unsigned all = 0, which, i;

	for (i = 0; i < ARRAY_LENGTH(operations); i++)
		all += operations[i].weight;
	which = pick(all);
	for (i = 0; which >= operations[i].weight; i++)
		which -= operations[i].weight;
	if (operations[i].needs_rows && models.users[u].count == 0)
		return true;
	if (operations[i].run(u))
		return true;
	tap_note("operation number %u for user %u is not as the model says", i, u);
	return false;
}

/* An argument is another seed, for a longer search than make check has time for. */
/* Closes the store, has it checked as it is, bulk operations pending and all, and opens it again. */
static bool is_sound(void)
{
	_cleanup_(freeing_memory) char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int r;

	store_close(fixture.store);
	r = check_store(fixture.home, to, false);
	fclose(to);
	if (r != 0)
		tap_note("%s", text);
	if (store_open(&fixture.config, &fixture.store) < 0)
		exit(1);
	return r == 0;
}

int main(int argc, char **argv)
{
	bool steps_right = true, all_right = true, sound = true;
	unsigned checks = 0;

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	fixture_open(&fixture);
	for (unsigned i = 1; i <= STEPS && steps_right && all_right; i++) {
		unsigned u = pick(MODEL_USERS);

		steps_right = step(u) && counts_agree(u) && changes_agree(u);
		if (!steps_right)
			tap_note("step %u, user %u: seq %llu, the model says %llu", i, u,
				(unsigned long long)fixture.reply.answer.counts.seq,
				(unsigned long long)models.users[u].seq);
		if (pick(8) == 0 && store_work(fixture.store) < 0)
			steps_right = false;
		if (i % REOPEN_EVERY == 0)
			sound &= is_sound();
		if (i % CHECK_EVERY == 0) {
			all_right = all_agrees(u);
			checks++;
		}
	}
	tap_ok(steps_right, "%d random operations answer what the model says", STEPS);
	tap_ok(all_right, "%u times all lists agree with the model", checks);
	tap_ok(sound, "whenever it was checked the store was sound");
	fixture_sweep(&fixture);
	for (unsigned u = 0; u < MODEL_USERS; u++)
		tap_ok(all_agrees(u), "user %u agrees after the last sweep", u);
	tap_ok(is_sound(), "then it is sound, too");
	fixture_close(&fixture);
	return tap_done();
}
