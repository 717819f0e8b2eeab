/*
 * The owner of the Berkeley DB environment, see environment.h.
 *
 * Private regions, so that a killed owner leaves no lock behind in memory that
 * others share; no locking subsystem, because one thread does all data access;
 * recovery at every start, which costs nothing after a clean stop.
 */
#include "stored/environment.h"

#include "lib/home.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/timestamp.h"
#include "stored/log_end.h"
#include "stored/writeback.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum {
	LOG_BUFFER = 1 << 20,	    /* bytes; a batch's records fit, so a commit is one write */
	LOG_FILE = 16 << 20,	    /* bytes; roll over to the next file */
	LOGS_KEPT = 2,		    /* no longer needed here, but by a reader that lags */
	DISK_CHECK_MS = 100,	    /* how old an answer of statvfs() may be */
	LOG_CHECK_MS = 600000,	    /* between two looks for old logs, if no new one begins */
};

struct environment {
	DB_ENV *handle;
	struct writeback *writeback;
	struct log_end written; /* up to here the log is in its file, not just in memory */
	int home_fd; /* locked */
	char *home;
	uint64_t disk_reserve;
	unsigned log_keep_hours;
	struct mark mark; /* of the last owner */
	bool running;	  /* our own is there */
	bool held;	  /* no checkpoint, no removal of logs: it is being copied */
	bool disk_full;
	int64_t disk_checked; /* when */
	uint32_t log_file;    /* the newest when old ones were last removed … */
	int64_t logs_checked; /* … and when that was */
};

int environment_error(int result)
{
	switch (result) {
	case 0:
		return 0;
	case DB_NOTFOUND:
		return -ENOENT;
	case DB_KEYEXIST:
		return -EEXIST;
	case DB_RUNRECOVERY:
		return -ENOTRECOVERABLE;
	default:
		return result > 0 ? -result : -EIO;
	}
}

static void on_library_error(const DB_ENV *handle, const char *prefix, const char *message)
{
	(void)handle;
	(void)prefix;
	log_error("Berkeley DB: %s", message);
}

/* Opens the home directory, making it and what is below it where missing, and locks it. */
static int open_home(struct environment *environment)
{
	static const char *const below[] = { "log", "data" };

	if (mkdir(environment->home, 0750) < 0 && errno != EEXIST)
		return -errno;
	environment->home_fd = open(environment->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (environment->home_fd < 0)
		return -errno;
	if (flock(environment->home_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (faccessat(environment->home_fd, HOME_RESTORING, F_OK, 0) == 0)
		return -EINPROGRESS;
	for (size_t i = 0; i < ARRAY_LENGTH(below); i++)
		if (mkdirat(environment->home_fd, below[i], 0750) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

int environment_mark_running(struct environment *environment)
{
	int r = mark_running(environment->home_fd);

	environment->running = r == 0;
	return r;
}

static int configure_handle(DB_ENV *handle, const struct config *config)
{
	int r;

	handle->set_errcall(handle, on_library_error);
	if ((r = handle->set_lg_dir(handle, "log")) != 0 ||
	    (r = handle->set_data_dir(handle, "data")) != 0 ||
	    (r = handle->set_lg_filemode(handle, 0640)) != 0 ||
	    (r = handle->set_lg_bsize(handle, LOG_BUFFER)) != 0 ||
	    (r = handle->set_lg_max(handle, LOG_FILE)) != 0 ||
	    (r = handle->set_cachesize(handle, (u_int32_t)(config->store.cache >> 30),
		     (u_int32_t)(config->store.cache & ((1U << 30) - 1)), 1)) != 0)
		return environment_error(r);
	return 0;
}

static int open_handle(struct environment *environment, const struct config *config)
{
	/*
	 * The pages of a copy are of different moments, and its last checkpoint may be later
	 * than some of them: recovery must not begin there.
	 */
	const u_int32_t recover = environment->mark.copied ? DB_RECOVER_FATAL : DB_RECOVER;
	const u_int32_t flags = DB_PRIVATE | recover | DB_CREATE | DB_INIT_TXN | DB_INIT_LOG |
				DB_INIT_MPOOL | DB_THREAD;
	DB_ENV *handle;
	int r = db_env_create(&handle, 0);

	if (r != 0)
		return environment_error(r);
	r = configure_handle(handle, config);
	if (r == 0)
		r = environment_error(handle->open(handle, environment->home, flags, 0640));
	if (r < 0) {
		handle->close(handle, 0);
		return r;
	}
	environment->handle = handle;
	return writeback_new(handle, &environment->writeback);
}

static struct environment *environment_free(struct environment *environment)
{
	writeback_free(environment->writeback);
	if (environment->handle)
		environment->handle->close(environment->handle, 0);
	if (environment->home_fd >= 0)
		close(environment->home_fd);
	free(environment->home);
	free(environment);
	return NULL;
}

DEFINE_CLEANUP(struct environment *, environment_free)

/* Whether there is no space at all: then the library takes what it cannot write for damage. */
static bool no_space(const char *home)
{
	struct statvfs disk;

	return statvfs(home, &disk) == 0 && disk.f_bavail == 0;
}

static int explain(int r, const char *home, const char *step)
{
	if (no_space(home))
		log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL,
			"%s: cannot %s: the disk is full; make space and start again", home, step);
	else if (r == -EBUSY)
		log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL,
			"%s: another tidings-stored has it open; stop that one first", home);
	else if (r == -EINPROGRESS)
		log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL,
			"%s: a restore was begun and did not come to its end; give \"tidings "
			"restore\" again",
			home);
	else if (r == -ENOMEM || r == -EACCES || r == -ENOSPC || r == -EPERM || r == -EROFS)
		log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL, "%s: cannot %s: %s", home,
			step, strerror(-r));
	else
		log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL,
			"%s: cannot %s: %s; if files are damaged or missing, move the directory "
			"away and restore a backup",
			home, step, strerror(-r));
	return r;
}

/* After the machine went down, and in a copy, the log may end anywhere. */
static int check_log(const struct environment *environment)
{
	struct log_damage damage;
	int r;

	if (environment->mark.went_down || environment->mark.copied)
		return 0;
	r = log_end_check(environment->home_fd, &damage);
	if (r < 0 || damage.file == 0)
		return r;
	log_event(LOG_LEVEL_ERROR, LOG_STORE_UNUSABLE, NULL,
		"%s: log file %" PRIu32 " is damaged at byte %" PRIu32, environment->home,
		damage.file, damage.offset);
	return -ENOTRECOVERABLE;
}

int environment_open(const struct config *config, struct environment **ret_environment)
{
	_cleanup_(freeing_environment_free) struct environment *environment = NULL;
	const char *home = config->store.home;
	int r;

	environment = calloc(1, sizeof(*environment));
	if (!environment)
		return -ENOMEM;
	environment->home_fd = -1;
	environment->disk_reserve = config->store.disk_reserve;
	environment->log_keep_hours = config->store.log_keep_hours;
	environment->home = strdup(home);
	if (!environment->home)
		return -ENOMEM;
	r = open_home(environment);
	if (r < 0)
		return explain(r, home, "lock the store");
	r = mark_read(environment->home_fd, &environment->mark);
	if (r < 0)
		return explain(r, home, "read the file \"running\"");
	r = check_log(environment);
	if (r < 0)
		return explain(r, home, "read the log");
	r = log_end_sync(environment->home_fd);
	if (r < 0)
		return explain(r, home, "flush the log");
	r = open_handle(environment, config);
	if (r < 0)
		return explain(r, home, "open the database");
	*ret_environment = take(environment);
	return 0;
}

struct environment *environment_close(struct environment *environment)
{
	DB_ENV *handle;

	if (!environment)
		return NULL;
	handle = environment->handle;
	if (handle->txn_checkpoint(handle, 0, 0, 0) == 0 && environment->running)
		mark_remove(environment->home_fd);
	return environment_free(environment);
}

DB_ENV *environment_handle(const struct environment *environment)
{
	return environment->handle;
}

const char *environment_home(const struct environment *environment)
{
	return environment->home;
}

bool environment_is_table(const char *file)
{
	size_t len = strlen(file);

	return len > 3 && strcmp(file + len - 3, ".db") == 0;
}

bool environment_is_new(const struct environment *environment)
{
	int fd = openat(environment->home_fd, "data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool empty = true;

	if (!directory)
		return false;
	while (empty && (entry = readdir(directory)))
		empty = !environment_is_table(entry->d_name);
	closedir(directory);
	return empty;
}

int environment_home_fd(const struct environment *environment)
{
	return environment->home_fd;
}

bool environment_went_down(const struct environment *environment)
{
	return environment->mark.went_down;
}

int environment_begin(struct environment *environment, DB_TXN **ret_txn)
{
	DB_ENV *handle = environment->handle;

	return environment_error(handle->txn_begin(handle, NULL, ret_txn, DB_TXN_WRITE_NOSYNC));
}

int environment_end(const struct environment *environment, struct log_end *ret_end)
{
	_cleanup_(freeing_memory) DB_LOG_STAT *stat = NULL;
	DB_ENV *handle = environment->handle;
	int r = environment_error(handle->log_stat(handle, &stat, 0));

	if (r < 0)
		return r;
	*ret_end = (struct log_end){ stat->st_cur_file, stat->st_cur_offset };
	return 0;
}

int environment_commit(struct environment *environment, DB_TXN *txn)
{
	int r = environment_error(txn->commit(txn, DB_TXN_WRITE_NOSYNC));

	return r < 0 ? r : environment_end(environment, &environment->written);
}

void environment_abort(DB_TXN *txn)
{
	if (txn)
		txn->abort(txn);
}

int environment_log(struct environment *environment, DB_TXN *txn, const char *message)
{
	DB_ENV *handle = environment->handle;

	return environment_error(handle->log_printf(handle, txn, "%s", message));
}

int environment_flush(struct environment *environment)
{
	DB_ENV *handle = environment->handle;

	return environment_error(handle->log_flush(handle, NULL));
}

int environment_position(struct environment *environment, uint32_t *ret_file, uint32_t *ret_offset)
{
	struct log_end end, *written = &environment->written;
	int r = environment_end(environment, &end);

	if (r == 0 && (end.file != written->file || end.offset != written->offset))
		r = environment_flush(environment);
	if (r < 0)
		return r;
	*written = end;
	*ret_file = end.file;
	*ret_offset = end.offset;
	return 0;
}

static bool older_than(const char *path, unsigned hours)
{
	struct stat status;

	return stat(path, &status) == 0 &&
	       status.st_mtime < timestamp_now() / 1000 - (int64_t)hours * 3600;
}

/*
 * Log files that recovery needs no more: all but the last two go at once, those
 * two when they are old, since they hold what users may have deleted.
 */
static int remove_logs(struct environment *environment)
{
	_cleanup_(freeing_memory) char **paths = NULL;
	DB_ENV *handle = environment->handle;
	size_t count = 0;
	int r = environment_error(handle->log_archive(handle, &paths, DB_ARCH_ABS));

	if (r < 0 || !paths)
		return r;
	while (paths[count])
		count++;
	for (size_t i = 0; i < count; i++)
		if (i + LOGS_KEPT < count || older_than(paths[i], environment->log_keep_hours))
			if (unlink(paths[i]) < 0 && errno != ENOENT)
				return -errno;
	return 0;
}

void environment_hold(struct environment *environment, bool held)
{
	environment->held = held;
	writeback_hold(environment->writeback, held);
}

int environment_add_file(struct environment *environment, const char *file)
{
	char path[64];

	if (snprintf(path, sizeof(path), "data/%s", file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return writeback_add_file(environment->writeback, environment->home_fd, path);
}

int environment_write_back(struct environment *environment)
{
	const struct log_end *end = &environment->written;

	return writeback_step(environment->writeback, (uint64_t)end->file * LOG_FILE + end->offset);
}

struct timing environment_checkpoints(const struct environment *environment)
{
	return writeback_checkpoints(environment->writeback);
}

int environment_keep_house(struct environment *environment)
{
	int64_t now = timestamp_now();
	struct log_end end;
	int r = environment_end(environment, &end);

	if (r != 0 || environment->held ||
	    (end.file == environment->log_file &&
		    llabs(now - environment->logs_checked) < LOG_CHECK_MS))
		return r;
	environment->log_file = end.file;
	environment->logs_checked = now;
	return remove_logs(environment);
}

int environment_disk(const struct environment *environment, uint64_t *ret_free,
	uint64_t *ret_reserve)
{
	struct statvfs disk;

	if (fstatvfs(environment->home_fd, &disk) < 0)
		return -errno;
	*ret_free = (uint64_t)disk.f_bavail * disk.f_frsize;
	*ret_reserve = environment->disk_reserve;
	return 0;
}

bool environment_has_room(const struct environment *environment, uint64_t bytes)
{
	uint64_t free_bytes = 0, reserve = 0;

	return environment_disk(environment, &free_bytes, &reserve) < 0 ||
	       free_bytes > reserve + bytes;
}

static void tell_disk(const struct environment *environment)
{
	if (environment->disk_full)
		log_event(LOG_LEVEL_ERROR, LOG_DISK_FULL, NULL,
			"%s: less than %" PRIu64 " bytes are free: nothing is written until "
			"there is space",
			environment->home, environment->disk_reserve);
	else
		log_event(LOG_LEVEL_INFO, LOG_DISK_FREE, NULL, "%s: there is space again",
			environment->home);
}

bool environment_disk_full(struct environment *environment)
{
	int64_t now = timestamp_now();
	bool before = environment->disk_full;

	if (now >= environment->disk_checked && now - environment->disk_checked < DISK_CHECK_MS)
		return before;
	environment->disk_checked = now;
	environment->disk_full = !environment_has_room(environment, 0);
	if (environment->disk_full != before)
		tell_disk(environment);
	return environment->disk_full;
}
