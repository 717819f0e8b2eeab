/*
 * A model of the store: what a few users see, kept in arrays that are searched from end to
 * end. Slow and plain, so that it can be believed.
 */
#pragma once

#include "lib/inbox.h"

enum { MODEL_USERS = 3, MODEL_ROWS = 4000, MODEL_CHANGES = 128 /* a power of two */ };

struct model_row {
	struct uuid id;
	enum notification_type type;
	const char *category;
	bool broadcast;
	bool read;
	int64_t read_at; /* 0 = not yet told */
};

struct model_change {
	enum change_kind kind;
	struct uuid id; /* of the first; zeros = names none */
};

struct model {
	bool known;
	struct model_row rows[MODEL_ROWS]; /* oldest first */
	size_t count;
	uint64_t seq;
	uint64_t first_seq;
	struct uuid seen;
	struct model_change changes[MODEL_CHANGES]; /* by their seq, modulo */
};

struct models {
	struct model users[MODEL_USERS];
	uint64_t broadcast_changes;
	uint64_t floor; /* where users begin, less the broadcast changes */
};

/* What happens. Those that take a user's model make the user known. */
void model_introduce(struct model *model);
void model_create(struct model *model, const struct model_row *rows, size_t count);
void model_broadcast(struct models *models, const struct model_row *row);
void model_end_broadcast(struct models *models, const struct uuid *id, enum change_kind kind);
void model_mark(struct model *model, struct model_row *row, bool read);
void model_remove(struct model *model, size_t at, enum change_kind kind);
void model_seen(struct model *model, const struct uuid *last_id);
void model_forget(struct models *models, struct model *model);

/* Returns how many it touched. */
uint64_t model_bulk(struct model *model, enum inbox_operation operation);

uint64_t model_unread(const struct model *model, bool unseen_only);
bool model_counts_agree(const struct model *model, const struct counts *counts);

/* The rows that a query asks for. */
bool model_matches(const struct model_row *row, const struct inbox_query *query);

/* Compares one notification; the time at which it was read must never change. */
bool model_row_agrees(struct model_row *row, const struct notification *notification);

/* Whether the answer to CHANGES is what was missed since then. */
bool model_changes_agree(const struct model *model, uint64_t since, struct inbox_answer *answer);
