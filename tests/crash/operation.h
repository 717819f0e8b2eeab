/*
 * What clients ask: one operation is chosen by chance, encoded once and sent as
 * often as it takes to get an answer, which is then written into the ledger.
 */
#pragma once

#include "tests/crash/exchange.h"
#include "tests/crash/ledger.h"

enum { BATCH_MAX = 20 };

struct operation {
	const struct operation_kind *kind; /* NULL = none is under way */
	unsigned user;			   /* EVERYBODY: a publisher asks */
	uint32_t number; /* the notification it concerns, or the first it creates */
	unsigned count;	 /* how many it creates */
	unsigned tries;
	bool again;	       /* it was answered already: the same must come once more */
	struct buffer request; /* encoded */
};

/* What a kind has to say to be asked. */
struct operation_text {
	char path[64];
	const char *query;
	struct buffer body;
};

struct operation_kind {
	const char *name;
	const char *method;
	unsigned weight; /* how often it is chosen, against the others */

	/* Fills in what is asked; false if there is nothing of that kind to do now. */
	bool (*begin)(struct ledger *ledger, struct operation *operation,
		struct operation_text *text);

	/* Takes the answer, which is none that asks to try again. Returns whether it is right. */
	bool (*settle)(struct ledger *ledger, const struct operation *operation,
		const struct reply *reply);
};

/* Tables, each ended by a NULL name: operation_create.c, operation_change.c, operation_look.c. */
extern const struct operation_kind create_kinds[], change_kinds[], look_kinds[];

/* Chooses one that can be done; of those that only look, or of all. Returns 0 or -ENOMEM. */
int operation_begin(struct operation *operation, bool looks, struct ledger *ledger,
	const struct setting *setting);

/* Whether the answer means that the same request must be sent again. */
bool operation_must_repeat(const struct reply *reply);

void operation_release(struct operation *operation);

/* For those who read answers: a member that may be missing, a number in a title, an id. */
struct json_object *member(struct json_object *object, const char *name);
bool number_of(struct json_object *notification, uint32_t *ret_number);
bool id_of(struct json_object *notification, struct uuid *ret_id);

/* Whether all in a user's list was asked for, and has the ids that were acknowledged. */
bool list_is_right(const struct ledger *ledger, unsigned user, struct json_object *list);
