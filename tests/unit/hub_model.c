/* The store of hub_fixture.h, see hub_model.h. */
#include "tests/unit/hub_model.h"

#include "lib/codec.h"
#include "lib/timestamp.h"

#include <stdlib.h>

enum {
	MISSED_MAX = 100,
	LIVE_MAX = 6,
	GONE = 4, /* of so many that were created and missed, one is not there any more */
};

static const char ID[] = "01900000-0000-7000-8000-000000000000";
static const char IDS[] = "01900000-0000-7000-8000-000000000001,"
			  "01900000-0000-7000-8000-000000000002,"
			  "01900000-0000-7000-8000-000000000003";

struct tally {
	uint64_t total, unread, unseen;
};

/* A change, as it was for one user. */
struct past {
	struct counts counts;
	size_t begin, len; /* of the record in the texts */
};

struct user {
	bool known;
	uint64_t own_changes;
	uint64_t first_seq;
	int64_t tokens_valid_from;
	struct tally own;
	struct tally broadcasts[LIVE_MAX]; /* of each, by its slot: 0 or 1 */
	struct past *past;
	size_t past_count;
};

struct hub_model {
	uint64_t broadcasts; /* changes */
	uint64_t floor;
	uint64_t live[LIVE_MAX]; /* the change that created it; 0 = the slot is free */
	struct user users[HUB_MODEL_USERS];
	struct buffer texts;
	struct buffer log; /* long-encoded records … */
	size_t read;	   /* … of which so many bytes were read */
};

const char *hub_model_name(unsigned user)
{
	static const char *const names[HUB_MODEL_USERS] = { "a", "b" };

	return names[user];
}

struct hub_model *hub_model_new(void)
{
	struct hub_model *model = calloc(1, sizeof(*model));

	if (!model)
		abort();
	return model;
}

void hub_model_clear(struct hub_model *model)
{
	for (unsigned i = 0; i < HUB_MODEL_USERS; i++)
		free(model->users[i].past);
	buffer_release(&model->texts);
	buffer_release(&model->log);
	*model = (struct hub_model){ 0 };
}

struct hub_model *hub_model_free(struct hub_model *model)
{
	hub_model_clear(model);
	free(model);
	return NULL;
}

/* ---- counts ---- */

static void add(struct counts *counts, const struct tally *tally)
{
	counts->total += tally->total;
	counts->unread += tally->unread;
	counts->unseen += tally->unseen;
}

struct counts hub_model_counts(const struct hub_model *model, unsigned user)
{
	const struct user *of = &model->users[user];
	struct counts counts = { .seq = of->own_changes + model->broadcasts };

	add(&counts, &of->own);
	for (size_t i = 0; i < LIVE_MAX; i++)
		add(&counts, &of->broadcasts[i]);
	return counts;
}

bool hub_model_knows(const struct hub_model *model, unsigned user)
{
	return model->users[user].known;
}

uint64_t hub_model_broadcasts(const struct hub_model *model)
{
	return model->broadcasts;
}

int64_t hub_model_tokens_valid_from(const struct hub_model *model, unsigned user)
{
	return model->users[user].tokens_valid_from;
}

void hub_model_introduce(struct hub_model *model, unsigned user)
{
	if (!model->users[user].known)
		model->users[user].first_seq = hub_model_counts(model, user).seq;
	model->users[user].known = true;
}

/* ---- what was ---- */

static void remember(struct hub_model *model, unsigned user, size_t begin)
{
	struct user *of = &model->users[user];

	of->past = realloc(of->past, (of->past_count + 1) * sizeof(*of->past));
	if (!of->past)
		abort();
	of->past[of->past_count++] = (struct past){
		.counts = hub_model_counts(model, user),
		.begin = begin,
		.len = model->texts.len - begin,
	};
}

static const struct past *find_past(const struct hub_model *model, unsigned user, uint64_t seq)
{
	const struct user *of = &model->users[user];

	for (size_t i = of->past_count; i-- > 0;)
		if (of->past[i].counts.seq == seq)
			return &of->past[i];
	return NULL;
}

bool hub_model_counts_at(const struct hub_model *model, unsigned user, uint64_t seq,
	struct counts *ret_counts)
{
	const struct past *past = find_past(model, user, seq);

	*ret_counts = (struct counts){ 0 };
	if (past)
		*ret_counts = past->counts;
	return past || seq == 0;
}

static struct slice past_text(const struct hub_model *model, const struct past *past)
{
	return (struct slice){ model->texts.data + past->begin, past->len };
}

bool hub_model_missed(const struct hub_model *model, unsigned user, uint64_t since,
	struct buffer *records, unsigned *ret_count)
{
	struct counts counts = hub_model_counts(model, user);

	if (since > counts.seq || counts.seq - since > MISSED_MAX ||
		since < model->users[user].first_seq)
		return false;
	for (uint64_t seq = since + 1; seq <= counts.seq; seq++) {
		_cleanup_(buffer_release) struct buffer record = { 0 };
		const struct past *past = find_past(model, user, seq);
		struct change change;

		if (!past || change_parse(past_text(model, past), &change) < 0)
			return false;
		if (change_is_broadcast(change.kind))
			change.counts = (struct counts){ .seq = seq };
		if (seq % GONE == 0)
			change.notification = (struct slice){ 0 };
		if (seq == counts.seq)
			change.counts = counts;
		change_format(&record, &change);
		encode_long(records, buffer_slice(&record));
	}
	*ret_count = (unsigned)(counts.seq - since);
	return true;
}

/* ---- the log ---- */

/* Writes the record down and logs it; returns where it begins among the texts. */
static size_t write_record(struct hub_model *model, const struct change *change)
{
	size_t begin = model->texts.len;

	change_format(&model->texts, change);
	encode_long(&model->log,
		(struct slice){ model->texts.data + begin, model->texts.len - begin });
	if (buffer_status(&model->texts) < 0 || buffer_status(&model->log) < 0)
		abort();
	return begin;
}

bool hub_model_read_log(struct hub_model *model, struct change *ret_change)
{
	struct decoder from = decoder_of(model->log.data, model->log.len);
	struct slice record;

	decode_bytes(&from, model->read);
	if (from.at == from.end)
		return false;
	record = decode_long(&from);
	if (from.failed || change_parse(record, ret_change) < 0)
		abort();
	model->read = model->log.len - (size_t)(from.end - from.at);
	return true;
}

/* ---- changes ---- */

static void read_all(struct tally *tally)
{
	tally->unread = tally->unseen = 0;
}

/* The first tally that has one of these: the user's own, or that of a broadcast. */
static struct tally *find_tally(struct user *user, bool unread)
{
	if (unread ? user->own.unread : user->own.total)
		return &user->own;
	for (size_t i = 0; i < LIVE_MAX; i++)
		if (unread ? user->broadcasts[i].unread : user->broadcasts[i].total)
			return &user->broadcasts[i];
	return NULL;
}

static bool take_one(struct user *user, enum change_kind kind)
{
	struct tally *tally = kind == CHANGE_EXPIRED || kind == CHANGE_WITHDRAWN
				      ? &user->own
				      : find_tally(user, kind == CHANGE_READ);

	if (!tally || tally->total == 0)
		return false;
	if (kind != CHANGE_READ)
		tally->total--;
	if (tally->unread > 0 && (kind == CHANGE_READ || tally->unread > tally->total))
		tally->unread--;
	if (tally->unseen > tally->unread)
		tally->unseen = tally->unread;
	return true;
}

static bool take_all(struct user *user, enum change_kind kind)
{
	struct tally *tallies[1 + LIVE_MAX] = { &user->own };

	for (size_t i = 0; i < LIVE_MAX; i++)
		tallies[1 + i] = &user->broadcasts[i];
	for (size_t i = 0; i < ARRAY_LENGTH(tallies); i++) {
		if (kind == CHANGE_ALL_DELETED)
			*tallies[i] = (struct tally){ 0 };
		else if (kind == CHANGE_ALL_READ)
			read_all(tallies[i]);
		else
			tallies[i]->unseen = 0;
	}
	return true;
}

/* Does it to the user's counts; false if there is nothing to do it to. */
static bool apply(struct user *user, enum change_kind kind, uint64_t created)
{
	switch (kind) {
	case CHANGE_CREATED:
		user->own.total += created;
		user->own.unread += created;
		user->own.unseen += created;
		return true;
	case CHANGE_SEEN:
	case CHANGE_ALL_READ:
	case CHANGE_ALL_DELETED:
		return take_all(user, kind);
	default:
		return take_one(user, kind);
	}
}

static void format_notification(struct buffer *to, const char *name)
{
	buffer_print(to, "{\"id\":\"%s\",", ID);
	if (name)
		buffer_print(to, "\"userId\":\"%s\",", name);
	else
		buffer_append_string(to, "\"broadcast\":true,");
	buffer_print(to, "\"message\":\"%0500d\"}", 0);
}

void hub_model_change(struct hub_model *model, unsigned user, enum change_kind kind, bool many,
	int64_t time)
{
	_cleanup_(buffer_release) struct buffer notification = { 0 };
	struct user *of = &model->users[user];
	struct change change = {
		.kind = kind,
		.time = time,
		.user = slice_of(hub_model_name(user)),
		.ids = slice_of(many ? IDS : ID),
	};

	if (kind == CHANGE_CREATED)
		hub_model_introduce(model, user);
	if (!of->known || !apply(of, kind, many ? 3 : 1))
		return;
	if (kind == CHANGE_SEEN || kind == CHANGE_ALL_READ || kind == CHANGE_ALL_DELETED)
		change.ids = (struct slice){ 0 };
	if (kind == CHANGE_CREATED && !many)
		format_notification(&notification, hub_model_name(user));
	of->own_changes++;
	change.counts = hub_model_counts(model, user);
	change.notification = buffer_slice(&notification);
	remember(model, user, write_record(model, &change));
}

static size_t find_slot(const struct hub_model *model, bool live)
{
	size_t found = LIVE_MAX;

	for (size_t i = 0; i < LIVE_MAX; i++)
		if ((model->live[i] > 0) == live &&
			(found == LIVE_MAX || model->live[i] < model->live[found]))
			found = i;
	return found;
}

void hub_model_broadcast(struct hub_model *model, enum change_kind kind, bool old, int64_t time)
{
	_cleanup_(buffer_release) struct buffer notification = { 0 };
	bool created = kind == CHANGE_BROADCAST_CREATED;
	size_t slot = find_slot(model, !created), begin;
	struct change change = { .kind = kind, .time = time, .ids = slice_of(ID) };

	if (slot == LIVE_MAX)
		return;
	change.counts.seq = ++model->broadcasts;
	model->live[slot] = created ? model->broadcasts : 0;
	if (created && !old)
		format_notification(&notification, NULL);
	change.notification = buffer_slice(&notification);
	begin = write_record(model, &change);
	for (unsigned i = 0; i < HUB_MODEL_USERS; i++) {
		uint64_t has = created && !old && model->users[i].known;

		model->users[i].broadcasts[slot] = (struct tally){ has, has, has };
		remember(model, i, begin);
	}
}

/* Nobody who begins from now on has a `seq` that the user has had. */
static void forget(struct hub_model *model, struct user *user)
{
	if (user->own_changes >= model->floor)
		model->floor = user->own_changes + 1;
	user->known = false;
	user->first_seq = 0;
	user->own = (struct tally){ 0 };
	memset(user->broadcasts, 0, sizeof(user->broadcasts));
	for (unsigned i = 0; i < HUB_MODEL_USERS; i++) {
		if (model->users[i].known)
			continue;
		model->users[i].own_changes = model->floor;
		remember(model, i, model->texts.len);
	}
}

void hub_model_dismiss(struct hub_model *model, unsigned user, enum change_kind kind, int64_t time)
{
	struct user *of = &model->users[user];
	struct change change = {
		.kind = kind,
		.time = time,
		.user = slice_of(hub_model_name(user)),
	};

	if (kind == CHANGE_FORGOTTEN && !of->known)
		return;
	if (kind == CHANGE_FORGOTTEN)
		forget(model, of);
	if (kind == CHANGE_REVOKED)
		of->tokens_valid_from = time / 1000 + 1;
	change.counts = hub_model_counts(model, user);
	write_record(model, &change);
}
