/*
 * Publisher keys, see publishers.h.
 *
 * Nobody tells the workers that a key was made or revoked: whenever one is presented they look
 * whether the file is another one than they have read, which costs about a microsecond. So a
 * revoked key is refused from the next request on, without a reload.
 *
 * A file that cannot be used is read once and told; until it is mended the keys of the one before
 * count. Otherwise a slip of an editor would shut out all publishers. When the program starts or
 * reloads such a file stops it, as anything else in the configuration does.
 */
#include "cgi/publishers.h"

#include "lib/log.h"
#include "lib/publisher_keys.h"
#include "lib/result.h"

#include <errno.h>
#include <sys/stat.h>

struct publishers {
	const char *path;
	struct publisher_keys keys;
	struct stat seen; /* the file that was read last; zeros = there was none */
};

struct publishers *publishers_free(struct publishers *publishers)
{
	if (publishers)
		publisher_keys_release(&publishers->keys);
	free(publishers);
	return NULL;
}

static bool time_differs(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec || a->tv_nsec != b->tv_nsec;
}

/* A new file has another inode, or, if it was given that of an old one, another time. */
static bool differs(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_dev != b->st_dev || a->st_size != b->st_size ||
	       time_differs(&a->st_mtim, &b->st_mtim) || time_differs(&a->st_ctim, &b->st_ctim);
}

/* Reads the file if it has changed. What is wrong with it is told once. */
static int update(struct publishers *publishers, char **ret_problem)
{
	struct publisher_keys keys;
	struct stat now = { 0 };
	int r;

	*ret_problem = NULL;
	/* Looked at before it is read: what changes in between is seen the next time */
	if (stat(publishers->path, &now) < 0)
		now = (struct stat){ 0 };
	if (!differs(&now, &publishers->seen))
		return 0;
	publishers->seen = now;
	r = publisher_keys_read(publishers->path, &keys, ret_problem);
	if (r < 0)
		return r;
	publisher_keys_release(&publishers->keys);
	publishers->keys = keys;
	return 0;
}

int publishers_new(const struct config *config, struct publishers **ret_publishers,
	char **ret_problem)
{
	_cleanup_(freeing_publishers_free) struct publishers *publishers =
		calloc(1, sizeof(*publishers));
	int r;

	*ret_problem = NULL;
	if (!publishers)
		return -ENOMEM;
	publishers->path = config->auth.publisher_keys;
	publishers->seen.st_size = -1; /* so that it is read even if there is nothing to be seen */
	r = *publishers->path ? update(publishers, ret_problem) : 0;
	if (r < 0)
		return r;
	*ret_publishers = take(publishers);
	return 0;
}

static void keep_current(struct publishers *publishers)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	int r = *publishers->path ? update(publishers, &problem) : 0;

	if (r < 0)
		log_event(LOG_LEVEL_ERROR, LOG_RELOAD_FAILED, NULL,
			"%s; the publisher keys stay as they were",
			problem ? problem : strerror(-r));
}

static int speak_for(const struct publisher_key *key, struct principal *ret_principal)
{
	struct principal principal = { .publisher = true, .by_key = true };

	if (asprintf(&principal.user, PUBLISHER_MARK "%s", key->name) < 0)
		return -ENOMEM;
	*ret_principal = principal;
	return 0;
}

int publishers_verify(struct publishers *publishers, struct slice key, int64_t now,
	struct principal *ret_principal)
{
	const struct publisher_key *found;
	uint8_t digest[DIGEST_BYTES];
	int r = publisher_key_digest(key, digest);

	if (r != 0)
		return r == PUBLISHER_KEY_MALFORMED ? TOKEN_KEY_MALFORMED : r;
	keep_current(publishers);
	found = publisher_keys_find(&publishers->keys, digest);
	if (!found) {
		log_event(LOG_LEVEL_WARNING, LOG_KEY_REFUSED, NULL,
			"a publisher key that is not known is refused");
		return TOKEN_KEY_UNKNOWN;
	}
	if (publisher_key_expired(found, now)) {
		log_event(LOG_LEVEL_WARNING, LOG_KEY_REFUSED,
			LOG_FIELDS(LOG_TEXT("TIDINGS_PUBLISHER", slice_of(found->name))),
			"publisher key %s is refused: it has expired", found->name);
		return TOKEN_KEY_EXPIRED;
	}
	log_debug("publisher key %s is presented", found->name);
	return speak_for(found, ret_principal);
}
