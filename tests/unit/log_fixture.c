/* Real logs for tests, see log_fixture.h. */
#include "tests/unit/log_fixture.h"

#include "lib/logfile.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/stat.h>

static void demand(int r, const char *what)
{
	if (r == 0)
		return;
	printf("Bail out! %s: %s\n", what, db_strerror(r));
	exit(1);
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	char command[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	demand(system(command), command);
}

/* What becomes of a log when the machine goes down is no matter here, so nothing is flushed. */
static int skip_flush(int fd)
{
	(void)fd;
	return 0;
}

static void fixture_make_home(struct log_fixture *fixture)
{
	snprintf(fixture->home, sizeof(fixture->home), "/tmp/tidings-log-XXXXXX");
	demand(mkdtemp(fixture->home) ? 0 : errno, "mkdtemp");
	fixture->config.store.home = fixture->home;
}

void fixture_make(struct log_fixture *fixture, uint32_t size_max)
{
	*fixture = (struct log_fixture){ .size_max = size_max };
	fixture_make_home(fixture);
	demand(db_env_set_func_fsync(skip_flush), "db_env_set_func_fsync");
	run("mkdir %s/log %s/data", fixture->home, fixture->home);
	fixture_open(fixture);
}

void fixture_remove(struct log_fixture *fixture)
{
	fixture_close(fixture);
	run("rm -r %s", fixture->home);
}

void fixture_open(struct log_fixture *fixture)
{
	const uint32_t FLAGS = DB_PRIVATE | DB_RECOVER | DB_CREATE | DB_INIT_TXN | DB_INIT_LOG |
			       DB_INIT_MPOOL | DB_THREAD;
	DB_ENV *env;

	demand(db_env_create(&env, 0), "db_env_create");
	fixture->env = env;
	env->set_errfile(env, stderr);
	demand(env->set_lg_dir(env, "log"), "set_lg_dir");
	demand(env->set_data_dir(env, "data"), "set_data_dir");
	if (fixture->size_max > 0) {
		demand(env->set_lg_bsize(env, fixture->size_max / 4), "set_lg_bsize");
		demand(env->set_lg_max(env, fixture->size_max), "set_lg_max");
	}
	demand(env->open(env, fixture->home, FLAGS, 0), "DB_ENV->open");
	demand(db_create(&fixture->db, env, 0), "db_create");
	demand(fixture->db->open(fixture->db, NULL, "rows", NULL, DB_BTREE,
		       DB_CREATE | DB_AUTO_COMMIT, 0600),
		"DB->open");
}

void fixture_close(struct log_fixture *fixture)
{
	if (!fixture->env)
		return;
	demand(fixture->db->close(fixture->db, 0), "DB->close");
	demand(fixture->env->close(fixture->env, 0), "DB_ENV->close");
	fixture->env = NULL;
}

void fixture_copy(const struct log_fixture *fixture, struct log_fixture *ret_copy)
{
	*ret_copy = (struct log_fixture){ .size_max = fixture->size_max };
	fixture_make_home(ret_copy);
	run("cp -r %s/* %s", fixture->home, ret_copy->home);
}

DB_TXN *fixture_begin(struct log_fixture *fixture)
{
	static unsigned row;
	DB_TXN *txn;
	DBT key = { .data = &row, .size = sizeof(row) };

	row++;
	demand(fixture->env->txn_begin(fixture->env, NULL, &txn, 0), "txn_begin");
	demand(fixture->db->put(fixture->db, txn, &key, &key, 0), "DB->put");
	return txn;
}

void fixture_commit(DB_TXN *txn)
{
	demand(txn->commit(txn, DB_TXN_WRITE_NOSYNC), "DB_TXN->commit");
}

void fixture_abort(DB_TXN *txn)
{
	demand(txn->abort(txn), "DB_TXN->abort");
}

void fixture_log_text(struct log_fixture *fixture, DB_TXN *txn, const char *text)
{
	demand(fixture->env->log_printf(fixture->env, txn, "%s", text), "log_printf");
}

/* The record of change number so-and-so. */
static void format_change(struct buffer *to, unsigned number, size_t padding)
{
	static const struct slice ID = SLICE("01890a5d-ac96-774b-bcce-b302099a8057");
	_cleanup_(buffer_release) struct buffer user = { 0 }, json = { 0 };
	struct change change = {
		.kind = CHANGE_CREATED,
		.counts = { number, number + 1, number + 2, number + 3 },
		.time = number,
		.ids = ID,
	};

	buffer_print(&user, "user %u", number);
	buffer_print(&json, "{\"p\":\"%0*u\"}", (int)padding, number);
	change.user = buffer_slice(&user);
	change.notification = buffer_slice(&json);
	change_format(to, &change);
}

void fixture_log(struct log_fixture *fixture, DB_TXN *txn, unsigned number, size_t padding)
{
	_cleanup_(buffer_release) struct buffer record = { 0 }, message = { 0 };
	unsigned parts;

	format_change(&record, number, padding);
	parts = change_parts(record.len);
	for (unsigned part = 1; part <= parts; part++) {
		buffer_clear(&message);
		change_format_message(&message, buffer_slice(&record), part, parts);
		fixture_log_text(fixture, txn, buffer_string(&message));
	}
}

void fixture_change(struct log_fixture *fixture, unsigned number)
{
	DB_TXN *txn = fixture_begin(fixture);

	fixture_log(fixture, txn, number, 0);
	fixture_commit(txn);
}

struct feed_position fixture_end(struct log_fixture *fixture)
{
	struct feed_position end;
	DB_LOG_STAT *status;

	demand(fixture->env->log_flush(fixture->env, NULL), "log_flush");
	demand(fixture->env->log_stat(fixture->env, &status, 0), "log_stat");
	end.file = status->st_cur_file;
	end.offset = status->st_cur_offset;
	free(status);
	return end;
}

bool fixture_is_change(const struct change *change, unsigned number, size_t padding)
{
	_cleanup_(buffer_release) struct buffer expected = { 0 }, actual = { 0 };

	format_change(&expected, number, padding);
	change_format(&actual, change);
	return slice_equal(buffer_slice(&expected), buffer_slice(&actual));
}

const char *fixture_log_path(const struct log_fixture *fixture, uint32_t number)
{
	static char path[128];
	char name[LOGFILE_NAME_SIZE];

	logfile_name(number, name);
	snprintf(path, sizeof(path), "%s/log/%s", fixture->home, name);
	return path;
}

struct feed *fixture_feed(const struct log_fixture *fixture, struct feed_position position)
{
	struct feed *feed = NULL;
	int r = feed_new(&fixture->config, &feed);

	if (r < 0) {
		printf("Bail out! feed_new: %s\n", strerror(-r));
		exit(1);
	}
	feed_begin(feed, position);
	return feed;
}

int fixture_read(struct feed *feed, unsigned *next, size_t padding)
{
	struct change change;
	int r;

	r = feed_drain(feed);
	while (r == 0) {
		r = feed_next(feed, &change);
		if (r != 0)
			return r;
		if (!fixture_is_change(&change, *next, padding)) {
			tap_note("not change %u: user %.*s", *next, (int)change.user.len,
				change.user.data);
			return -EILSEQ;
		}
		(*next)++;
	}
	return r;
}

bool fixture_gives(struct feed *feed, unsigned *next, unsigned last)
{
	int r = fixture_read(feed, next, 0);

	if (r == FEED_NOTHING && *next == last + 1)
		return true;
	tap_note("result %d, change %u would be next, not %u", r, *next, last + 1);
	return false;
}
