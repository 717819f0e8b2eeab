/* The model of the store, see model.h. */
#include "tests/unit/model.h"

#include <string.h>

static void add_change(struct model *model, enum change_kind kind, const struct uuid *id)
{
	struct model_change *change = &model->changes[++model->seq % MODEL_CHANGES];

	*change = (struct model_change){ .kind = kind };
	if (id)
		change->id = *id;
}

void model_introduce(struct model *model)
{
	if (!model->known)
		model->first_seq = model->seq;
	model->known = true;
}

void model_create(struct model *model, const struct model_row *rows, size_t count)
{
	model_introduce(model);
	memcpy(&model->rows[model->count], rows, count * sizeof(*rows));
	model->count += count;
	add_change(model, CHANGE_CREATED, &rows[0].id);
}

void model_broadcast(struct models *models, const struct model_row *row)
{
	models->broadcast_changes++;
	for (int u = 0; u < MODEL_USERS; u++) {
		struct model *model = &models->users[u];

		if (model->known)
			model->rows[model->count++] = *row;
		add_change(model, CHANGE_BROADCAST_CREATED, &row->id);
	}
}

static void take_away(struct model *model, size_t at)
{
	memmove(&model->rows[at], &model->rows[at + 1],
		(--model->count - at) * sizeof(model->rows[0]));
}

void model_end_broadcast(struct models *models, const struct uuid *id, enum change_kind kind)
{
	models->broadcast_changes++;
	for (int u = 0; u < MODEL_USERS; u++) {
		struct model *model = &models->users[u];

		for (size_t i = 0; i < model->count; i++)
			if (uuid_compare(&model->rows[i].id, id) == 0)
				take_away(model, i);
		add_change(model, kind, id);
	}
}

void model_mark(struct model *model, struct model_row *row, bool read)
{
	if (row->read == read)
		return;
	row->read = read;
	row->read_at = 0;
	add_change(model, read ? CHANGE_READ : CHANGE_UNREAD, &row->id);
}

void model_remove(struct model *model, size_t at, enum change_kind kind)
{
	struct uuid id = model->rows[at].id;

	take_away(model, at);
	add_change(model, kind, &id);
}

void model_seen(struct model *model, const struct uuid *last_id)
{
	if (model_unread(model, true) == 0)
		return;
	model->seen = *last_id;
	add_change(model, CHANGE_SEEN, NULL);
}

void model_forget(struct models *models, struct model *model)
{
	uint64_t own = model->seq - models->broadcast_changes;

	if (!model->known)
		return;
	if (own >= models->floor)
		models->floor = own + 1;
	model->known = false;
	model->count = 0;
	model->seen = (struct uuid){ 0 };
	for (int u = 0; u < MODEL_USERS; u++)
		if (!models->users[u].known)
			models->users[u].seq = models->floor + models->broadcast_changes;
}

uint64_t model_bulk(struct model *model, enum inbox_operation operation)
{
	static const enum change_kind kinds[INBOX_OPERATIONS] = {
		[INBOX_READ_ALL] = CHANGE_ALL_READ,
		[INBOX_DELETE_ALL] = CHANGE_ALL_DELETED,
		[INBOX_DELETE_READ] = CHANGE_READ_DELETED,
	};
	size_t kept = 0, before = model->count;
	uint64_t touched = 0;

	for (size_t i = 0; i < before; i++) {
		struct model_row *row = &model->rows[i];

		if (operation == INBOX_DELETE_ALL || (operation == INBOX_DELETE_READ && row->read))
			continue;
		if (operation == INBOX_READ_ALL) {
			touched += !row->read;
			row->read = true;
		}
		model->rows[kept++] = *row;
	}
	model->count = kept;
	touched += before - kept;
	if (touched > 0)
		add_change(model, kinds[operation], NULL);
	return touched;
}

uint64_t model_unread(const struct model *model, bool unseen_only)
{
	uint64_t n = 0;

	for (size_t i = 0; i < model->count; i++)
		n += !model->rows[i].read &&
		     (!unseen_only || uuid_compare(&model->rows[i].id, &model->seen) > 0);
	return n;
}

bool model_counts_agree(const struct model *model, const struct counts *counts)
{
	return counts->seq == model->seq && counts->total == model->count &&
	       counts->unread == model_unread(model, false) &&
	       counts->unseen == model_unread(model, true);
}

bool model_matches(const struct model_row *row, const struct inbox_query *query)
{
	return !(query->unread && row->read) &&
	       (query->type == INBOX_ANY_TYPE || query->type == (int)row->type) &&
	       (query->category.len == 0 || slice_is(query->category, row->category));
}

bool model_row_agrees(struct model_row *row, const struct notification *notification)
{
	if (uuid_compare(&row->id, &notification->id) != 0 || row->type != notification->type ||
	    row->broadcast != notification->broadcast || row->read != (notification->read != 0) ||
	    !slice_is(notification->category, row->category))
		return false;
	if (row->read && row->read_at == 0)
		row->read_at = notification->read;
	return !row->read || row->read_at == notification->read;
}

static bool change_agrees(const struct model_change *expected, const struct change *change)
{
	static const struct uuid none;
	char id[UUID_SIZE];

	uuid_format(&expected->id, id);
	if (expected->kind != change->kind)
		return false;
	if (uuid_compare(&expected->id, &none) == 0)
		return change->ids.len == 0;
	return change->ids.len >= UUID_LENGTH && memcmp(change->ids.data, id, UUID_LENGTH) == 0;
}

bool model_changes_agree(const struct model *model, uint64_t since, struct inbox_answer *answer)
{
	uint64_t first = model->known ? model->first_seq : model->seq;
	bool reset = since > model->seq || model->seq - since > 100 || since < first;
	uint64_t seq = since;
	struct change change;

	if (answer->reset || reset)
		return answer->reset == reset;
	while (inbox_next_change(answer, &change)) {
		if (change.counts.seq != ++seq ||
			!change_agrees(&model->changes[seq % MODEL_CHANGES], &change))
			return false;
		if (seq == model->seq && !model_counts_agree(model, &change.counts))
			return false;
	}
	return seq == model->seq;
}
