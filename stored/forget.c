/*
 * What an administrator does to a user: forgetting one, revoking the tokens.
 *
 * Forgetting takes constant work, however much there is: the user is a stranger at once, and
 * the sweep removes the rows, and the user's own row in the end. Who comes back meanwhile, or
 * later, begins with a higher `seq` than the user ever had, so that a client that
 * remembers the old one is told to fetch anew.
 */
#include "stored/store_internal.h"

#include "lib/timestamp.h"

/* Nobody who begins from now on is taken for one of those who were forgotten. */
static int raise_floor(struct store *store, uint64_t own_changes)
{
	if (own_changes < store->seq_floor)
		return 0;
	store->ahead = true;
	store->seq_floor = own_changes + 1;
	return meta_put_number(store, "seq-floor", store->seq_floor);
}

/* Takes away what is kept of a user, but for what the sweep is for. */
static int forget_inbox(struct store *store, struct slice name, struct user *user, int64_t now)
{
	int r = raise_floor(store, user->counts.seq - user->settled);

	user_add_bulk(user, BULK_DELETE_ALL, now, &store->last_id);
	user->seen = user->unread_upto = (struct uuid){ 0 };
	return r < 0 ? r : store_forget_changes(store, name);
}

/* One without an inbox may have attempts to forget. */
int store_forget(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	int64_t now = timestamp_now();
	int r = user->known ? forget_inbox(store, request->user, user, now) : 0;

	(void)reply;
	user->known = false;
	user->forgotten = true;
	user->since = store->last_id;
	if (r == 0)
		r = store_save_user(store, request->user, user);
	if (r == 0)
		r = sweep_start(store, request->user);
	return r < 0 ? r : store_tell(store, request->user, user, CHANGE_FORGOTTEN, now);
}

/*
 * Tokens bear whole seconds. One that was issued in the very second of the revocation may be
 * older than that, and does not count.
 */
static int revoke_tokens(struct store *store, struct slice name, int64_t now)
{
	struct table_key key = table_key_user(name);

	store->has_revoked = store->ahead = true;
	encode_u64(store_value(store), (uint64_t)(now / 1000 + 1));
	return store_put(store, store->revoked, &key);
}

int store_tokens_valid_from(struct store *store, struct slice name, int64_t *ret_time)
{
	struct table_key key = table_key_user(name);
	struct decoder from;
	struct slice value;
	int r = store->has_revoked ? table_get(store->revoked, store->txn, &key, &value)
				   : TABLE_NONE;

	if (r < 0)
		return r;
	*ret_time = 0;
	if (r == TABLE_NONE)
		return 0;
	from = decoder_of(value.data, value.len);
	*ret_time = (int64_t)decode_u64(&from);
	return decoder_finish(&from);
}

int store_revoke(struct store *store, const struct inbox_request *request, struct user *user,
	struct store_reply *reply)
{
	int64_t now = timestamp_now();
	int r = revoke_tokens(store, request->user, now);

	(void)reply;
	return r < 0 ? r : store_tell(store, request->user, user, CHANGE_REVOKED, now);
}
