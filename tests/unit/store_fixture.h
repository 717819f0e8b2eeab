/* A store in a temporary directory, for tests that call it directly. */
#pragma once

#include "stored/store.h"

struct fixture {
	struct config config;
	struct store *store;
	struct store_reply reply; /* of the last request */
	char home[64];
};

/* Makes the directory and opens the store; ends the program if that fails. */
void fixture_open(struct fixture *fixture);

/* Closes the store and opens it again. */
void fixture_reopen(struct fixture *fixture);

/* Closes the store and removes the directory. */
void fixture_close(struct fixture *fixture);

/* Does one request, in a transaction of its own if it writes. */
int fixture_do(struct fixture *fixture, const struct inbox_request *request);

/* The same for an operation that takes nothing but a user. */
int fixture_run(struct fixture *fixture, enum inbox_operation operation, const char *user);

/* The same for one notification. */
int fixture_mark(struct fixture *fixture, enum inbox_operation operation, const char *user,
	const struct uuid *id);

/* Creates a notification and gives its identifier; the reply is that to a count of the user. */
int fixture_create(struct fixture *fixture, const char *user, enum notification_type type,
	const char *category, struct uuid *ret_id);

/* The reply, ready for inbox_next_notification() and inbox_next_change(). */
struct inbox_answer fixture_answer(const struct fixture *fixture);

/* Sweeps until nothing is pending. */
void fixture_sweep(struct fixture *fixture);
