/*
 * What the store of hub_fixture.h keeps: two users, "a" and "b", their counts after every
 * change that there ever was, a few live broadcasts, and the log that tells of the changes.
 * Out of memory it ends the program.
 */
#pragma once

#include "lib/change.h"

enum { HUB_MODEL_USERS = 2 };

struct hub_model;

struct hub_model *hub_model_new(void);
struct hub_model *hub_model_free(struct hub_model *model);

/* Another life of the store begins, with nothing in it. */
void hub_model_clear(struct hub_model *model);

/*
 * The user's inbox changes; `many`: three are created by one change. What cannot be, for want
 * of something to change, is no change. All times are in milliseconds since the epoch.
 */
void hub_model_change(struct hub_model *model, unsigned user, enum change_kind kind, bool many,
	int64_t time);

/* A broadcast is created; `old`: it is imported, and in nobody's inbox. Or the oldest one ends. */
void hub_model_broadcast(struct hub_model *model, enum change_kind kind, bool old, int64_t time);

/* The user is forgotten, disconnected, or the tokens until that time are revoked. */
void hub_model_dismiss(struct hub_model *model, unsigned user, enum change_kind kind, int64_t time);

/* The user has asked for themselves: broadcasts are for them, too, from now on. */
void hub_model_introduce(struct hub_model *model, unsigned user);

const char *hub_model_name(unsigned user);
bool hub_model_knows(const struct hub_model *model, unsigned user);
struct counts hub_model_counts(const struct hub_model *model, unsigned user);
uint64_t hub_model_broadcasts(const struct hub_model *model);
int64_t hub_model_tokens_valid_from(const struct hub_model *model, unsigned user);

/* The counts that this change led to; false if there was none. */
bool hub_model_counts_at(const struct hub_model *model, unsigned user, uint64_t seq,
	struct counts *ret_counts);

/*
 * Appends the records of the changes after `since` as the answer to CHANGES has them. Returns
 * false if they cannot be told.
 */
bool hub_model_missed(const struct hub_model *model, unsigned user, uint64_t since,
	struct buffer *records, unsigned *ret_count);

/* Takes the next record off the log; false if there is none. Lives until something changes. */
bool hub_model_read_log(struct hub_model *model, struct change *ret_change);
