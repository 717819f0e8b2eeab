/* A store with something of everything in it, and its damage, see good_store.h. */
#include "tests/unit/good_store.h"

#include "lib/timestamp.h"
#include "stored/check.h"
#include "tests/tap.h"

#include <errno.h>
#include <string.h>

struct good_store good = { .once = { .key = "key", .body = "body" } };

static struct uuid broadcast(int64_t when)
{
	struct draft draft = { .content = SLICE("\"title\":\"b\""), .expires = when };
	struct inbox_request request = {
		.operation = INBOX_BROADCAST,
		.drafts = &draft,
		.draft_count = 1,
	};

	fixture_do(&good.fixture, &request);
	return good.fixture.reply.answer.next;
}

static struct uuid create(const char *user, int64_t when, const struct inbox_once *attempt)
{
	struct draft draft = {
		.user = slice_of(user),
		.content = SLICE("\"title\":\"t\",\"message\":\"m\""),
		.expires = when,
	};
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = &draft,
		.draft_count = 1,
		.once = attempt,
	};

	fixture_do(&good.fixture, &request);
	return good.fixture.reply.answer.next;
}

static void revoke_tokens(const char *user)
{
	struct inbox_request request = {
		.operation = INBOX_REVOKE,
		.user = slice_of(user),
	};

	fixture_do(&good.fixture, &request);
}

void good_store_make(void)
{
	fixture_open(&good.fixture);
	good.expires = timestamp_now() + 3600 * 1000;
	for (int i = 0; i < 4; i++)
		good.anna[i] = create("anna", i == 1 ? good.expires : 0, NULL);
	for (int i = 0; i < 3; i++)
		good.bob[i] = create("bob", 0, i == 0 ? &good.once : NULL);
	create("dora", good.expires, NULL);
	for (int i = 0; i < 3; i++)
		good.broadcasts[i] = broadcast(i == 1 ? good.expires : 0);
	fixture_mark(&good.fixture, INBOX_MARK_READ, "anna", &good.anna[0]);
	fixture_mark(&good.fixture, INBOX_MARK_READ, "anna", &good.broadcasts[0]);
	fixture_run(&good.fixture, INBOX_SEEN, "anna");
	fixture_mark(&good.fixture, INBOX_DELETE, "bob", &good.broadcasts[1]);
	fixture_run(&good.fixture, INBOX_READ_ALL, "bob");
	fixture_run(&good.fixture, INBOX_FORGET, "dora");
	revoke_tokens("eve");
	uuid_next(&good.strange, INT64_C(4102444800000));
	store_close(take(good.fixture.store));
}

char *good_store_outcome(int *ret_result)
{
	char *text = NULL, *kept;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	*ret_result = check_store(good.fixture.home, to, false);
	fclose(to);
	kept = strdup(text); /* the compiler takes what the stream holds for a local */
	free(text);
	return kept;
}

void good_store_tells(const char *lines, const char *what)
{
	int result;
	_cleanup_(freeing_memory) char *text = good_store_outcome(&result);
	char *summary = strstr(text, "checked ");

	if (summary)
		*summary = '\0';
	tap_ok(result == CHECK_PROBLEMS, "%s: is a problem", what);
	ok_string_equal(text, lines, "%s: that is told, and nothing else", what);
}

/* ---- damaging it ---- */

/* A change of one row, and what it takes to undo it. */
struct edit {
	const char *table;
	struct table_key key;
	struct buffer before; /* failed: there was no such row */
};

static struct edit edits[4];
static size_t edit_count;

struct alone alone_open(const char *name)
{
	struct alone alone;

	if (environment_open(&good.fixture.config, &alone.environment) < 0 ||
		environment_begin(alone.environment, &alone.txn) < 0 ||
		table_open(environment_handle(alone.environment), alone.txn, name, &alone.table) <
			0)
		exit(1);
	return alone;
}

void alone_close(struct alone *alone)
{
	if (environment_commit(alone->environment, alone->txn) < 0)
		exit(1);
	table_close(alone->table);
	environment_close(alone->environment);
}

/* A NULL value removes the row. What was there goes to *ret_before, which fails if nothing was. */
static void put(const char *name, const struct table_key *key, const struct slice *value,
	struct buffer *ret_before)
{
	struct alone alone = alone_open(name);
	struct slice before;
	int r;

	if (ret_before && table_get(alone.table, alone.txn, key, &before) == 0)
		buffer_append_slice(ret_before, before);
	else if (ret_before)
		ret_before->failed = -ENOENT;
	if (value)
		r = table_put(alone.table, alone.txn, key, *value);
	else
		r = table_delete(alone.table, alone.txn, key);
	if (r != 0)
		exit(1);
	alone_close(&alone);
}

static void edit(const char *table, struct table_key key, const struct slice *value)
{
	struct edit *edit = &edits[edit_count++];

	*edit = (struct edit){ .table = table, .key = key };
	put(table, &key, value, &edit->before);
}

void damage_put(const char *table, struct table_key key, struct slice value)
{
	edit(table, key, &value);
}

void damage_drop(const char *table, struct table_key key)
{
	edit(table, key, NULL);
}

static void undo(void)
{
	while (edit_count > 0) {
		struct edit *edit = &edits[--edit_count];
		struct slice before = buffer_slice(&edit->before);

		put(edit->table, &edit->key, edit->before.failed ? NULL : &before, NULL);
		buffer_release(&edit->before);
	}
}

void damage_told(const char *what, const char *lines, const struct uuid *id)
{
	_cleanup_(buffer_release) struct buffer expected = { 0 };
	char text[UUID_SIZE] = "";

	if (id)
		uuid_format(id, text);
	for (; *lines; lines++)
		if (*lines == '%')
			buffer_append_string(&expected, text);
		else
			buffer_append(&expected, lines, 1);
	good_store_tells(buffer_string(&expected), what);
	undo();
}
