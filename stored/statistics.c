/*
 * The store's statistics, as JSON text: what was counted since the start, and what can be seen
 * at a glance. tidings-stored(8) lists the members; they are added to, never changed.
 *
 * Nobody else is served meanwhile, so nothing here takes long: no table is read, only the
 * names and sizes of files; and no more of those than a healthy store has.
 */
#include "stored/store_internal.h"

#include "lib/clock.h"
#include "lib/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

enum { FILES_MAX = 4096 /* looked at, in one directory */ };

/* The files of a directory; those behind the first FILES_MAX are left out. */
struct extent {
	uint64_t files, bytes;
};

static int measure(int home_fd, const char *name, struct extent *ret_extent)
{
	struct extent extent = { 0 };
	const struct dirent *entry;
	struct stat status;
	_cleanup_(closing_fd) int fd = tree_open(home_fd, name);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory)
		return fd < 0 ? fd : -errno;
	take_fd(&fd); /* the directory's */
	while (extent.files < FILES_MAX && (entry = readdir(directory))) {
		if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(status.st_mode))
			continue;
		extent.files++;
		extent.bytes += (uint64_t)status.st_size;
	}
	closedir(directory);
	*ret_extent = extent;
	return 0;
}

/* ---- JSON: members of an object, one after the other ---- */

static void begin(struct buffer *to, const char *name)
{
	bool first = to->len == 0 || to->data[to->len - 1] == '{';

	buffer_print(to, "%s\"%s\":", first ? "" : ",", name);
}

static void begin_object(struct buffer *to, const char *name)
{
	begin(to, name);
	buffer_append_string(to, "{");
}

static void end_object(struct buffer *to)
{
	buffer_append_string(to, "}");
}

static void add_number(struct buffer *to, const char *name, uint64_t number)
{
	begin(to, name);
	buffer_append_decimal(to, number);
}

/* 0 where there is nothing to divide by. */
static void add_ratio(struct buffer *to, const char *name, uint64_t part, uint64_t whole)
{
	begin(to, name);
	buffer_print(to, "%.4f", whole > 0 ? (double)part / (double)whole : 0.0);
}

static void add_timing(struct buffer *to, const struct timing *timing)
{
	add_number(to, "count", timing->count);
	add_number(to, "lastMicroseconds", timing->last);
	add_number(to, "longestMicroseconds", timing->longest);
	add_number(to, "meanMicroseconds", timing->count > 0 ? timing->total / timing->count : 0);
}

/* ---- the parts ---- */

static void add_self(struct buffer *to, struct store *store)
{
	uint64_t uptime = (uint64_t)(clock_us() - store->counters.begun) / 1000000;

	buffer_append_string(to, "{\"version\":\"" PACKAGE_VERSION "\"");
	add_number(to, "uptime", uptime);
	add_number(to, "schema", STORE_SCHEMA_NUMBER);
	begin(to, "epoch");
	buffer_print(to, "\"%s\"", store->epoch);
	begin(to, "diskFull");
	buffer_append_string(to, store_disk_full(store) ? "true" : "false");
}

static void add_notifications(struct buffer *to, const struct store *store)
{
	static const char *const names[COUNTERS] = {
		[COUNTER_CREATED] = "created",
		[COUNTER_READ] = "read",
		[COUNTER_UNREAD] = "unread",
		[COUNTER_DELETED] = "deleted",
		[COUNTER_EXPIRED] = "expired",
		[COUNTER_WITHDRAWN] = "withdrawn",
		[COUNTER_BROADCAST_CREATED] = "created",
		[COUNTER_BROADCAST_EXPIRED] = "expired",
		[COUNTER_BROADCAST_WITHDRAWN] = "withdrawn",
	};
	const uint64_t *counts = store->counters.committed;

	begin_object(to, "notifications");
	for (int i = COUNTER_NONE + 1; i < COUNTER_BROADCAST_CREATED; i++)
		add_number(to, names[i], counts[i]);
	end_object(to);
	begin_object(to, "broadcasts");
	add_number(to, "live", store->live.count);
	for (int i = COUNTER_BROADCAST_CREATED; i < COUNTERS; i++)
		add_number(to, names[i], counts[i]);
	end_object(to);
}

static void add_requests(struct buffer *to, const struct counters *counters)
{
	static const char *const names[INBOX_STATUSES] = {
		[0] = "done",
		[INBOX_NOT_FOUND] = "notFound",
		[INBOX_FORBIDDEN] = "forbidden",
		[INBOX_INVALID] = "invalid",
		[INBOX_STORAGE_FULL] = "storageFull",
		[INBOX_BUSY] = "busy",
		[INBOX_FAILED] = "failed",
		[INBOX_REVOKED] = "revoked",
		[INBOX_CONFLICT] = "conflict",
		[INBOX_TOO_MANY] = "tooMany",
	};

	begin_object(to, "requests");
	for (size_t i = 0; i < INBOX_STATUSES; i++)
		add_number(to, names[i], counters->results[i]);
	end_object(to);
	begin_object(to, "connections");
	add_number(to, "now", counters->connections);
	add_number(to, "accepted", counters->accepted);
	add_number(to, "withoutRights", counters->without_rights);
	add_number(to, "withoutRoom", counters->without_room);
	end_object(to);
}

/* A list: a key may be called as it likes, and a member's name has a meaning. */
static void add_keys(struct buffer *to, const struct counters *counters)
{
	begin(to, "publisherKeys");
	buffer_append_string(to, "[");
	for (size_t i = 0; i < counters->key_count; i++) {
		const struct key_counter *key = &counters->keys[i];

		buffer_print(to, "%s{\"name\":\"%s\"", i > 0 ? "," : "", key->name);
		add_number(to, "requests", key->requests);
		add_number(to, "notifications", key->notifications);
		end_object(to);
	}
	buffer_append_string(to, "]");
}

static int add_sizes(struct buffer *to, const struct store *store)
{
	int home_fd = environment_home_fd(store->environment);
	struct extent data = { 0 }, log = { 0 };
	int r = measure(home_fd, "data", &data);

	if (r == 0)
		r = measure(home_fd, "log", &log);
	if (r < 0)
		return r;
	begin_object(to, "size");
	add_number(to, "dataBytes", data.bytes);
	add_number(to, "logBytes", log.bytes);
	add_number(to, "logFiles", log.files);
	end_object(to);
	return 0;
}

static int add_disk(struct buffer *to, const struct store *store)
{
	uint64_t free_bytes, reserve;
	int r = environment_disk(store->environment, &free_bytes, &reserve);

	if (r < 0)
		return r;
	begin_object(to, "disk");
	add_number(to, "freeBytes", free_bytes);
	add_number(to, "reserveBytes", reserve);
	end_object(to);
	return 0;
}

/* Of the files one by one: the library's figures for all of it come after a walk over the cache. */
static int add_cache(struct buffer *to, const struct store *store)
{
	_cleanup_(freeing_memory) DB_MPOOL_FSTAT **files = NULL;
	DB_ENV *handle = environment_handle(store->environment);
	uint64_t hits = 0, misses = 0;
	u_int32_t gigabytes, bytes;
	int r, parts;

	r = environment_error(handle->get_cachesize(handle, &gigabytes, &bytes, &parts));
	if (r == 0)
		r = environment_error(handle->memp_stat(handle, NULL, &files, 0));
	if (r < 0)
		return r;
	for (size_t i = 0; files && files[i]; i++) {
		hits += files[i]->st_cache_hit;
		misses += files[i]->st_cache_miss;
	}
	begin_object(to, "cache");
	add_number(to, "bytes", ((uint64_t)gigabytes << 30) + bytes);
	add_number(to, "hits", hits);
	add_number(to, "misses", misses);
	add_ratio(to, "hitRate", hits, hits + misses);
	end_object(to);
	return 0;
}

static void add_timings(struct buffer *to, const struct store *store)
{
	const struct timing checkpoints = environment_checkpoints(store->environment);
	const struct flushes *flushes = &store->counters.flushes;

	begin_object(to, "checkpoints");
	add_timing(to, &checkpoints);
	end_object(to);
	begin_object(to, "flushes");
	add_timing(to, &flushes->time);
	add_ratio(to, "meanRequests", flushes->requests, flushes->time.count);
	add_number(to, "mostRequests", flushes->most);
	end_object(to);
}

int store_statistics(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	struct buffer *to = &store->json;
	int r;

	(void)request;
	(void)user;
	buffer_clear(to);
	add_self(to, store);
	add_notifications(to, store);
	add_requests(to, &store->counters);
	add_keys(to, &store->counters);
	r = add_sizes(to, store);
	if (r == 0)
		r = add_disk(to, store);
	if (r == 0)
		r = add_cache(to, store);
	if (r < 0)
		return r;
	add_timings(to, store);
	end_object(to);
	encode_long(&reply->items, buffer_slice(to));
	reply->answer.items = 1;
	return buffer_status(to);
}
