/*
 * Creating notifications: one, or a batch for several users, all or none. A batch is one
 * change for each user in it, whoever many of its notifications are for that user.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

#include <errno.h>

/* The drafts of a request, those of a user together, each in the order that was given. */
struct creation {
	struct store *store;
	const struct inbox_request *request;
	const struct inbox_answer *answer; /* identifier and time */
	const struct draft *of[INBOX_DRAFTS_MAX];
};

static int compare_users(const void *a, const void *b)
{
	const struct draft *x = *(const struct draft *const *)a, *y = *(const struct draft *const *)b;
	size_t shorter = x->user.len < y->user.len ? x->user.len : y->user.len;
	int order = memcmp(x->user.data, y->user.data, shorter);

	if (order == 0 && x->user.len != y->user.len)
		return x->user.len < y->user.len ? -1 : 1;
	return order != 0 ? order : x < y ? -1 : 1;
}

static void creation_sort(struct creation *creation)
{
	for (unsigned i = 0; i < creation->request->draft_count; i++)
		creation->of[i] = &creation->request->drafts[i];
	if (creation->request->draft_count > 1)
		qsort(creation->of, creation->request->draft_count, sizeof(creation->of[0]),
			compare_users);
}

static int create_row(struct creation *creation, struct user *user, const struct draft *draft,
	struct row *ret_row)
{
	unsigned index = (unsigned)(draft - creation->request->drafts);
	struct row row = {
		.generation = user->generation,
		.notification = inbox_created(creation->answer, draft, index),
	};
	struct store *store = creation->store;
	struct table_key key = table_key_id(draft->user, &row.notification.id);
	int r = store_save_row(store, draft->user, user, &row);

	if (r == 0 && draft->expires)
		r = due_add(store, draft->expires, DUE_NOTIFICATION, &key);
	if (r < 0)
		return r;
	row_count(&row, user);
	*ret_row = row;
	return 0;
}

/* Creates what is for one user, `count` drafts from the one at `first` on. */
static int create_for_user(struct creation *creation, unsigned first, unsigned count)
{
	struct slice name = creation->of[first]->user;
	int64_t now = (int64_t)creation->answer->affected;
	struct store *store = creation->store;
	struct user user;
	struct row row;
	int r = store_load_user(store, name, &user);

	if (r < 0)
		return r;
	if (!user.known)
		store_introduce(store, &user);
	buffer_clear(&store->ids);
	for (unsigned i = first; i < first + count; i++) {
		r = create_row(creation, &user, creation->of[i], &row);
		if (r < 0)
			return r;
		store_add_id(&store->ids, &row.notification.id);
	}
	if (count == 1)
		r = store_change(store, name, &user, CHANGE_CREATED, now, &row);
	else
		r = store_change_many(store, name, &user, CHANGE_CREATED, now,
			buffer_slice(&store->ids));
	return r == 0 ? retention_trim(store, name, &user, now) : r;
}

static int create_all(struct creation *creation)
{
	unsigned count = creation->request->draft_count;
	int r = 0;

	creation_sort(creation);
	for (unsigned first = 0, end; r == 0 && first < count; first = end) {
		end = first + 1;
		while (end < count &&
			slice_equal(creation->of[end]->user, creation->of[first]->user))
			end++;
		r = create_for_user(creation, first, end - first);
	}
	return r;
}

int store_create(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	int64_t now = timestamp_now();
	struct creation creation = { store, request, &reply->answer, { 0 } };
	int r = attempt_find(store, request, reply);

	(void)user;
	if (r != 0)
		return r == ATTEMPT_FOUND ? 0 : r;
	r = uuid_next(&store->last_id, now);
	if (r < 0)
		return r;
	reply->answer.next = store->last_id;
	reply->answer.affected = (uint64_t)now;
	store->last_id = uuid_add(&store->last_id, request->draft_count - 1);
	r = create_all(&creation);
	return r == 0 ? attempt_keep(store, request, reply) : r;
}
