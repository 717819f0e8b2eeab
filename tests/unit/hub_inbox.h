/*
 * What stands in the place of lib/inbox.c for hub_fixture.h: requests wait until they are
 * worked on, as of that moment, and their answers until they are delivered. What links this
 * takes nothing of lib/inbox.c.
 */
#pragma once

#include "lib/inbox.h"
#include "tests/unit/hub_model.h"

struct hub_model *hub_inbox_model(struct inbox *inbox);

/* The store has no space: it makes nobody known who was not. */
void hub_inbox_set_full(struct inbox *inbox, bool full);

/* Another life of the store begins. What was asked is asked of that. */
void hub_inbox_new_life(struct inbox *inbox);

/* Ends all that was asked, as inbox_free() does. */
void hub_inbox_cancel(struct inbox *inbox);

/* How many requests wait for their answer. */
size_t hub_inbox_waiting(const struct inbox *inbox);

/*
 * Works on all that was asked, or on what was asked first. What that changes is logged with
 * this time, in milliseconds since the epoch.
 */
void hub_inbox_work(struct inbox *inbox, bool all, int64_t time);

/* Lets the second answer overtake the first. */
void hub_inbox_swap(struct inbox *inbox);

/* Delivers the first answer, which was worked on: its own if `result` is 0, else this failure. */
void hub_inbox_deliver(struct inbox *inbox, int result);
