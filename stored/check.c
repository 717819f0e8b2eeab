/*
 * The check of a store, see check.h. The environment is recovered first, since what a
 * killed owner or a copy under way has left is not meant to be whole. Then the structure of
 * each file is verified, and only what has a sound structure is looked at as content.
 */
#include "stored/check.h"

#include "lib/log.h"
#include "stored/check_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

static const uint64_t CACHE = 64 << 20; /* bytes */

DEFINE_CLEANUP(struct store *, store_close)

static int verify(struct check *check, const char *name)
{
	_cleanup_(buffer_release) struct buffer why = { 0 };
	int r;

	report_step(check->report, "looking through", name);
	r = table_verify(check->data, name, &why);
	if (r == TABLE_DAMAGED)
		report_problem(check->report, "%s.db: %.*s", name, (int)why.len, why.data);
	return r < 0 ? r : 0;
}

/* Whether the store has the present schema; an older one has other tables. */
static int check_schema(struct check *check)
{
	struct store *store = check->store;
	struct table_key key = table_key_name("schema");
	struct slice value;
	int r = verify(check, "meta");

	if (r < 0 || check->report->problems > 0)
		return r;
	r = table_open_to_read(environment_handle(store->environment), "meta", &store->meta);
	if (r == 0)
		r = table_get(store->meta, NULL, &key, &value);
	if (r == 0 && !slice_is(value, STORE_SCHEMA))
		report_problem(check->report,
			"the store has schema version %.*s, and this program checks version %s; an "
			"older one is brought to it when tidings-stored starts",
			(int)value.len, value.data, STORE_SCHEMA);
	return r < 0 ? r : 0;
}

static int check_structure(struct check *check)
{
	const char *name;
	int r = check_schema(check);

	if (check->report->problems > 0)
		return r;
	for (size_t i = 0; r == 0 && (name = store_table_name(i)); i++)
		if (!slice_is(SLICE("meta"), name))
			r = verify(check, name);
	return r;
}

static int open_tables(struct store *store)
{
	DB_ENV *handle = environment_handle(store->environment);
	const char *name;
	int r = 0;

	for (size_t i = 0; r == 0 && (name = store_table_name(i)); i++)
		if (!*store_table(store, i))
			r = table_open_to_read(handle, name, store_table(store, i));
	return r;
}

/* What can be said of the content once the broadcasts are known. */
static int check_content(struct check *check)
{
	static int (*const parts[])(struct check * check) = {
		check_broadcast_changes,
		check_users,
		check_due,
		check_attempts,
		check_revoked,
	};
	int r = open_tables(check->store);

	if (r == 0)
		r = check_meta(check);
	if (r == 0)
		r = check_broadcasts(check);
	if (r < 0 || check->report->counted[REPORT_BROADCASTS] > INBOX_BROADCASTS_MAX)
		return r;
	r = live_load(check->store);
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(parts); i++)
		r = parts[i](check);
	return r;
}

static int check_all(struct check *check, const char *home)
{
	struct config config = { .store = { .home = (char *)home, .cache = CACHE } };
	_cleanup_(freeing_memory) char *data = NULL;
	int r = environment_open(&config, &check->store->environment);

	if (r < 0)
		return r;
	if (asprintf(&data, "%s/data", home) < 0) {
		data = NULL;
		return -ENOMEM;
	}
	check->data = data;
	r = check_structure(check);
	if (r == 0 && check->report->problems == 0)
		r = check_content(check);
	if (r < 0)
		log_error("%s: cannot be checked to the end: %s", home, strerror(-r));
	return r;
}

/* Whether it looks like a store at all: opening would make one of an empty directory. */
static int look_at(const char *home, struct stat *ret_status)
{
	static const char *const files[] = { "data/meta.db", "log" };
	_cleanup_(closing_fd) int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret_status) < 0) {
		log_error("%s: %s", home, strerror(errno));
		return -errno;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		if (faccessat(fd, files[i], F_OK, 0) < 0) {
			log_error("%s: is no store: %s: %s", home, files[i], strerror(errno));
			return -errno;
		}
	return 0;
}

/* What recovery writes must belong to the store's owner, even if root checks it. */
static int become_owner(const struct stat *home)
{
	if (geteuid() != 0 || home->st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setgid(home->st_gid) < 0 || setuid(home->st_uid) < 0) {
		log_error("cannot become the owner of the store: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

int check_store(const char *home, FILE *to, bool json)
{
	_cleanup_(freeing_store_close) struct store *store = calloc(1, sizeof(*store));
	struct report report;
	struct check check = { .store = store, .report = &report };
	struct stat status = { 0 };
	int r;

	if (!store)
		return -ENOMEM;
	r = look_at(home, &status);
	if (r == 0)
		r = become_owner(&status);
	if (r < 0)
		return r;
	report_begin(&report, to, json);
	r = check_all(&check, home);
	if (r == -EBUSY || r == -EINPROGRESS)
		return r; /* it may be whole or not */
	if (r < 0)
		report_problem(&report, "the store cannot be checked to the end: %s", strerror(-r));
	return report_end(&report) > 0 ? r < 0 ? r : CHECK_PROBLEMS : 0;
}
