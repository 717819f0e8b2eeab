/*
 * The check of a store: a sound one with something of everything in it is found sound, and
 * of each kind of damage exactly that is told.
 */
#include "stored/check.h"

#include "lib/log.h"
#include "tests/tap.h"
#include "tests/unit/good_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void test_good(void)
{
	int result;
	_cleanup_(freeing_memory) char *text = good_store_outcome(&result);

	ok_int_equal(result, 0, "a good store is good");
	ok_string_equal(text,
		"checked 3 users, 8 notifications, 7 unread, 3 broadcasts, 2 marks, 15 changes, "
		"4 due, 1 attempt: no problems\n",
		"and this is what it holds");
}

/* ---- rows of users ---- */

static struct user load_user(const char *name)
{
	struct alone alone = alone_open("users");
	struct table_key key = table_key_user(slice_of(name));
	struct user user = { 0 };
	struct slice value;

	if (table_get(alone.table, alone.txn, &key, &value) != 0 || user_decode(value, &user) < 0)
		exit(1);
	alone_close(&alone);
	return user;
}

static void save_user(const char *name, const struct user *user)
{
	_cleanup_(buffer_release) struct buffer value = { 0 };

	user_encode(&value, user);
	damage_put("users", table_key_user(slice_of(name)), buffer_slice(&value));
}

/* Tries a change of a user's row. */
#define TRY_USER(name, statement, what, lines, id)  \
	do {                                        \
		struct user user = load_user(name); \
                                                    \
		statement;                          \
		save_user(name, &user);             \
		damage_told(what, lines, id);       \
	} while (0)

/* Tries a user that there was not. */
static void try_user(struct user user, const char *what, const char *lines, const struct uuid *id)
{
	save_user("eve", &user);
	damage_told(what, lines, id);
}

static void test_counts(void)
{
	TRY_USER("anna", user.counts.total++, "a total",
		"anna: own notifications: 5 by the user's row, 4 counted\n"
		"anna: change 10 tells other counts than the user's row\n",
		NULL);
	TRY_USER("anna", user.counts.unread--, "a number of unread ones",
		"anna: own unread: 2 by the user's row, 3 counted\n"
		"anna: change 10 tells other counts than the user's row\n",
		NULL);
	TRY_USER("anna", user.counts.unseen++, "a number of unseen ones",
		"anna: own unseen: 1 by the user's row, 0 counted\n"
		"anna: change 10 tells other counts than the user's row\n",
		NULL);
	TRY_USER("bob", user.broadcasts.unread++; user.counts.unread++, "a share of broadcasts",
		 "bob: unread broadcasts: 1 by the user's row, 0 counted\n"
		 "bob: change 8 tells other counts than the user's row\n",
		 NULL);
	TRY_USER("anna", user.marks = 0, "a number of marks",
		"anna: marks: 0 by the user's row, 1 counted\n", NULL);
	try_user((struct user){ .counts.seq = 3, .broadcasts.total = 1, .counts.unread = 0 },
		"a share above the whole",
		"eve: counts more broadcasts than notifications\n"
		"eve: own notifications: 18446744073709551615 by the user's row, 0 counted\n",
		NULL);
}

static void test_numbers(void)
{
	TRY_USER("anna", user.settled = 9, "more broadcast changes than there were",
		"anna: includes 9 broadcast changes, but there were 3\n", NULL);
	TRY_USER("anna", user.first_seq = 3, "a beginning after changes",
		"anna: change 1 is kept where it cannot be\n"
		"anna: change 2 is kept where it cannot be\n"
		"anna: change 3 is kept where it cannot be\n",
		NULL);
	TRY_USER("anna", user.unread_upto = good.anna[2], "a wrong note of what is unread",
		"anna: notification % is read, but lies where all are noted as unread\n",
		&good.anna[0]);
	TRY_USER("bob", user.bulk[0].generation = 2, "a bulk operation out of order",
		"bob: the bulk operations are out of order\n", NULL);
	TRY_USER("bob", user.bulk[0].upto = good.strange, "a bulk operation on what is to come",
		"bob: the end of a bulk operation % is above the last identifier given out\n",
		&good.strange);
	try_user((struct user){ .first_seq = 1 }, "a first change that never was",
		"eve: seq is 0, below what it began with\n", NULL);
	try_user((struct user){ .since = good.strange }, "a beginning in the future",
		"eve: the beginning % is above the last identifier given out\n", &good.strange);
	try_user((struct user){ .seen = good.strange }, "something seen in the future",
		"eve: the newest that was seen, % is above the last identifier given out\n",
		&good.strange);
}

static void test_rows_of_users(void)
{
	damage_put("users", table_key_user(SLICE("eve")), SLICE("x"));
	damage_told("a user's row that makes no sense", "eve: the user's row cannot be read\n",
		NULL);
	damage_put("users", table_key_user(SLICE("a\nb")), (struct slice){ 0 });
	damage_told("a name that is none",
		"a\\x0ab: is no name that a user can have\n"
		"a\\x0ab: the user's row cannot be read\n",
		NULL);
	damage_drop("sweeps", table_key_user(SLICE("bob")));
	damage_told("a missing sweep", "bob: bulk operations are pending, but no sweep is\n", NULL);
	damage_drop("sweeps", table_key_user(SLICE("dora")));
	damage_told("a missing sweep of one who was forgotten",
		"dora: bulk operations are pending, but no sweep is\n", NULL);
	damage_put("sweeps", table_key_user(SLICE("bob")), SLICE("x"));
	damage_told("a sweep that makes no sense", "bob: the pending sweep makes no sense\n", NULL);
	damage_put("sweeps", table_key_user(SLICE("eve")), SLICE("x"));
	damage_told("a sweep of nobody", "eve: has 1 rows in sweeps.db, but none in users.db\n",
		NULL);
	damage_put("revoked", table_key_user(SLICE("eve")), SLICE("x"));
	damage_told("a revocation that makes no sense",
		"revoked.db: the row of eve cannot be read\n", NULL);
}

/* ---- notifications ---- */

/* Tries a change of anna's second but last row; its value goes through *row. */
#define TRY_ROW(statement, what, lines)                                            \
	do {                                                                       \
		struct alone alone = alone_open("notifications");                  \
		struct table_key key = table_key_id(SLICE("anna"), &good.anna[2]); \
		_cleanup_(buffer_release) struct buffer encoded = { 0 };           \
		struct slice value;                                                \
		struct row row;                                                    \
                                                                                   \
		if (table_get(alone.table, alone.txn, &key, &value) != 0 ||        \
			row_decode(value, &good.anna[2], &row) < 0)                \
			exit(1);                                                   \
		statement;                                                         \
		row_encode(&encoded, &row);                                        \
		alone_close(&alone);                                               \
		damage_put("notifications", key, buffer_slice(&encoded));          \
		damage_told(what, lines, &good.anna[2]);                           \
	} while (0)

static void test_changed_rows(void)
{
	TRY_ROW(row.generation = 5, "a generation",
		"anna: notification % has seen bulk operations that there were not\n");
	TRY_ROW(row.notification.broadcast = true; row.notification.content = SLICE("x"),
		"a row that says it is a broadcast",
		"anna: notification % says that it is a broadcast\n"
		"anna: own notifications: 4 by the user's row, 3 counted\n"
		"anna: own unread: 3 by the user's row, 2 counted\n"
		"anna: broadcasts: 3 by the user's row, 4 counted\n"
		"anna: unread broadcasts: 2 by the user's row, 3 counted\n");
	TRY_ROW(row.notification.expires = good.expires, "an end that is not listed",
		"anna: notification % would not expire: it is not listed as due\n");
	TRY_ROW(row.notification.read = 1, "a read one in the index of the unread",
		"anna: notification % is read, but listed as unread\n"
		"anna: own unread: 3 by the user's row, 2 counted\n");
}

static void test_notifications(void)
{
	struct table_key key = table_key_id(SLICE("anna"), &good.anna[2]);
	struct table_key cut = key;

	damage_put("notifications", key, SLICE("x"));
	damage_told("a row that makes no sense",
		"anna: notification % cannot be read\n"
		"anna: own notifications: 4 by the user's row, 3 counted\n"
		"anna: own unread: 3 by the user's row, 2 counted\n",
		&good.anna[2]);
	damage_drop("notifications", key);
	damage_told("a missing row",
		"anna: notification % is listed as unread, but there is none\n"
		"anna: own notifications: 4 by the user's row, 3 counted\n"
		"anna: own unread: 3 by the user's row, 2 counted\n",
		&good.anna[2]);
	cut.len--;
	damage_put("notifications", cut, SLICE("x"));
	damage_told("a key that is none",
		"notifications.db: a row of anna has a key that is none\n", NULL);
	damage_put("notifications", table_key_id(SLICE("eve"), &good.anna[0]), SLICE("x"));
	damage_told("a row of nobody",
		"eve: has 1 rows in notifications.db, but none in users.db\n", NULL);
	damage_put("notifications", table_key_id(SLICE("dora"), &good.strange), SLICE("x"));
	damage_told("a row of who was forgotten", "dora: notification % cannot be read\n",
		&good.strange);
}

static void test_unread(void)
{
	damage_drop("unread", table_key_id(SLICE("anna"), &good.anna[2]));
	damage_told("a missing entry of the unread",
		"anna: notification % is unread, but not listed as such\n", &good.anna[2]);
	damage_put("unread", table_key_id(SLICE("anna"), &good.anna[0]), SLICE(""));
	damage_told("an entry for what is read",
		"anna: notification % is read, but listed as unread\n", &good.anna[0]);
	damage_put("unread", table_key_id(SLICE("anna"), &good.bob[0]), SLICE(""));
	damage_told("an entry for what is not there",
		"anna: notification % is listed as unread, but there is none\n", &good.bob[0]);
}

static void test_marks(void)
{
	struct table_key key = table_key_id(SLICE("anna"), &good.broadcasts[0]);
	struct row row = { .generation = 3 };
	_cleanup_(buffer_release) struct buffer value = { 0 };

	damage_put("marks", key, SLICE("x"));
	damage_told("a mark that makes no sense",
		"anna: notification % has a mark that cannot be read\n"
		"anna: unread broadcasts: 2 by the user's row, 3 counted\n",
		&good.broadcasts[0]);
	damage_drop("marks", key);
	damage_told("a missing mark",
		"anna: unread broadcasts: 2 by the user's row, 3 counted\n"
		"anna: marks: 1 by the user's row, 0 counted\n",
		NULL);
	row_encode_mark(&value, &row);
	damage_put("marks", table_key_id(SLICE("bob"), &good.broadcasts[1]), buffer_slice(&value));
	damage_told("a mark from the future",
		"bob: notification % has a mark of bulk operations that there were not\n"
		"bob: broadcasts: 2 by the user's row, 3 counted\n"
		"bob: unread broadcasts: 0 by the user's row, 1 counted\n"
		"bob: unseen broadcasts: 0 by the user's row, 1 counted\n",
		&good.broadcasts[1]);
}

/* ---- changes ---- */

static void add_change(const char *user, uint8_t slot, const char *record)
{
	damage_put("changes", table_key_slot(slice_of(user), slot), slice_of(record));
}

static void test_changes(void)
{
	add_change("anna", 9, "x");
	damage_told("a change that makes no sense", "anna: a change that is kept cannot be read\n",
		NULL);
	add_change("anna", 9, "seen 9 7 5 0 1 3:bob -");
	damage_told("a change of another", "anna: a change that is kept cannot be read\n", NULL);
	add_change("anna", 9, "seen 8 7 5 0 1 4:anna -");
	damage_told("a change in another's place", "anna: change 8 is kept where it cannot be\n",
		NULL);
	add_change("anna", 11, "seen 11 7 5 0 1 4:anna -");
	damage_told("a change that is to come", "anna: change 11 is kept where it cannot be\n",
		NULL);
	add_change("dora", 11, "seen 1 0 0 0 1 4:dora -");
	damage_told("a change of who was forgotten", "dora: change 1 is kept where it cannot be\n",
		NULL);
	add_change("eve", 1, "seen 1 0 0 0 1 3:eve -");
	damage_told("a change of nobody", "eve: has 1 rows in changes.db, but none in users.db\n",
		NULL);
	add_change("", 2, "x");
	damage_told("a broadcast change that makes no sense",
		"a broadcast change that is kept cannot be read\n", NULL);
	damage_drop("changes", table_key_slot((struct slice){ 0 }, 2));
	damage_told("a missing broadcast change", "2 broadcast changes are kept, not 3\n", NULL);
	add_change("", 2, "broadcast_created 1 0 0 0 1 0: 01890000-0000-7000-8000-000000000000");
	damage_told("a broadcast change in another's place",
		"broadcast change 1 of 3 is kept where it cannot be\n", NULL);
}

/* ---- what is due, broadcasts, attempts, numbers ---- */

static struct table_key due_key(int64_t time, enum due_kind kind, struct table_key what)
{
	return table_key_due(time, kind, table_key_slice(&what));
}

static void test_due(void)
{
	struct table_key row = table_key_id(SLICE("anna"), &good.anna[1]);
	struct table_key everybody = table_key_id((struct slice){ 0 }, &good.broadcasts[1]);

	damage_drop("due", due_key(good.expires, DUE_NOTIFICATION, row));
	damage_told("an end that is not listed",
		"anna: notification % would not expire: it is not listed as due\n", &good.anna[1]);
	damage_put("due", due_key(good.expires + 1, DUE_NOTIFICATION, row), SLICE(""));
	damage_told("another end",
		"due.db: a notification of \"anna\" is due that does not end then\n", NULL);
	damage_put("due",
		due_key(good.expires, DUE_NOTIFICATION, table_key_id(SLICE("eve"), &good.anna[1])),
		SLICE(""));
	damage_told("an end of nothing",
		"due.db: a notification of \"eve\" is due that does not end then\n", NULL);
	damage_drop("due", due_key(good.expires, DUE_BROADCAST, everybody));
	damage_told("an end of a broadcast that is not listed",
		"broadcast % would not expire: it is not listed as due\n", &good.broadcasts[1]);
	damage_put("due", due_key(good.expires, DUE_ATTEMPT, row), SLICE(""));
	damage_told("an end of no attempt",
		"due.db: an attempt of \"anna\" is due that does not end then\n", NULL);
	damage_put("due", due_key(good.expires, 9, row), SLICE(""));
	damage_told("an entry that makes no sense", "due.db: an entry that cannot be read\n", NULL);
}

static void test_broadcasts(void)
{
	struct table_key key = table_key_id((struct slice){ 0 }, &good.broadcasts[0]);

	damage_put("broadcasts", key, SLICE("x"));
	damage_told("a broadcast that makes no sense", "broadcast % cannot be read\n",
		&good.broadcasts[0]);
	damage_put("broadcasts", table_key_id(SLICE("anna"), &good.broadcasts[0]), SLICE("x"));
	damage_told("a broadcast of one",
		"broadcast % is one user's\n"
		"broadcast % cannot be read\n"
		"anna: broadcasts: 3 by the user's row, 4 counted\n"
		"anna: unread broadcasts: 2 by the user's row, 3 counted\n"
		"bob: broadcasts: 2 by the user's row, 3 counted\n",
		&good.broadcasts[0]);
}

static void test_attempts(void)
{
	struct table_key key = table_key_digest((struct slice){ 0 }, good.once.key);

	damage_drop("attempts", key);
	damage_told("a missing attempt",
		"due.db: an attempt of \"\" is due that does not end then\n", NULL);
	damage_put("attempts", key, SLICE("x"));
	damage_told("an attempt that makes no sense",
		"due.db: an attempt of \"\" is due that does not end then\n"
		"attempts.db: an attempt of \"\" cannot be read\n",
		NULL);
}

static void test_meta(void)
{
	damage_drop("meta", table_key_name("epoch"));
	damage_told("a missing epoch", "meta.db: \"epoch\" is missing\n", NULL);
	damage_put("meta", table_key_name("seq-floor"), SLICE("x"));
	damage_told("a number that makes no sense",
		"meta.db: \"seq-floor\" is not what it can be\n", NULL);
	damage_put("meta", table_key_name("broadcast-changes"), SLICE("\0\0\0\0\0\0\0\x05"));
	damage_told("another number of broadcast changes", "3 broadcast changes are kept, not 5\n",
		NULL);
	damage_put("meta", table_key_name("schema"), SLICE("1"));
	damage_told("an older schema",
		"the store has schema version 1, and this program checks version 2; an older one "
		"is "
		"brought to it when tidings-stored starts\n",
		NULL);
}

/* ---- many at once, files, owners ---- */

/* Puts so many rows, or removes them if they have no value. */
static void change_many(const char *table, const char *user, uint32_t count, struct slice value)
{
	struct alone alone = alone_open(table);
	struct uuid first = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct uuid id = uuid_add(&first, i);
		struct table_key key = table_key_id(slice_of(user), &id);

		if (value.data)
			table_put(alone.table, alone.txn, &key, value);
		else
			table_delete(alone.table, alone.txn, &key);
	}
	alone_close(&alone);
}

static void test_many(void)
{
	const struct slice none = { 0 };
	const struct row row = { .notification = { .broadcast = true, .content = SLICE("x") } };
	_cleanup_(buffer_release) struct buffer value = { 0 };
	_cleanup_(freeing_memory) char *text = NULL;
	int result;

	change_many("unread", "anna", 120, SLICE(""));
	text = good_store_outcome(&result);
	tap_ok(strstr(text, "... and 20 more\n"), "of many problems the first 100 are told");
	tap_ok(strstr(text, ": 120 problems\n"), "and all are counted");
	change_many("unread", "anna", 120, none);
	row_encode(&value, &row);
	change_many("broadcasts", "", 998, buffer_slice(&value));
	good_store_tells("there are 1001 broadcasts, more than 1000\n",
		"more broadcasts than there may be");
	change_many("broadcasts", "", 998, none);
}

/* Damages a page of a table's file, and says what the check says. */
static void test_file(void)
{
	_cleanup_(freeing_memory) char *text = NULL;
	char path[128], page[16], other[16] = "damaged!damaged!";
	int fd, result;

	snprintf(path, sizeof(path), "%s/data/users.db", good.fixture.home);
	fd = open(path, O_RDWR);
	tap_ok(fd >= 0 && pread(fd, page, 16, 8000) == 16 && pwrite(fd, other, 16, 8000) == 16,
		"a page is damaged");
	text = good_store_outcome(&result);
	tap_ok(result == CHECK_PROBLEMS && strncmp(text, "users.db: ", 10) == 0 &&
			strstr(text, "checksum error: page 1"),
		"the file and the page are named");
	tap_ok(strstr(text, ": 1 problem\n"), "and no other one");
	tap_ok(pwrite(fd, page, 16, 8000) == 16, "the page is as it was");
	close(fd);
}

static void test_missing_file(void)
{
	char path[128], aside[128];

	snprintf(path, sizeof(path), "%s/data/marks.db", good.fixture.home);
	snprintf(aside, sizeof(aside), "%s/marks.db", good.fixture.home);
	rename(path, aside);
	good_store_tells("marks.db: No such file or directory\n", "a missing file");
	rename(aside, path);
}

static void test_owners(void)
{
	char empty[] = "/tmp/tidings-check.XXXXXX", path[64];
	int result;

	tap_ok(mkdtemp(empty), "a directory");
	ok_int_equal(check_store(empty, stdout, false), -ENOENT, "what is no store is not checked");
	snprintf(path, sizeof(path), "%s/data", empty);
	tap_ok(access(path, F_OK) < 0 && rmdir(empty) == 0, "nor made one");
	tap_ok(store_open(&good.fixture.config, &good.fixture.store) == 0, "the store is opened");
	free(good_store_outcome(&result));
	ok_int_equal(result, -EBUSY, "then it is not checked");
}

int main(void)
{
	log_open("store_check", 0);
	good_store_make();
	test_good();
	test_counts();
	test_numbers();
	test_rows_of_users();
	test_changed_rows();
	test_notifications();
	test_unread();
	test_marks();
	test_changes();
	test_due();
	test_broadcasts();
	test_attempts();
	test_meta();
	test_many();
	test_file();
	test_missing_file();
	test_good();
	test_owners();
	fixture_close(&good.fixture);
	return tap_done();
}
