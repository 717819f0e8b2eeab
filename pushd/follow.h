/*
 * Following the store: its greetings say where the log begins to concern us, the feed gives
 * what is committed from there on, and the link brings answers.
 *
 * Whatever is wrong with the log, the daemon stays and its clients are not left with what is
 * no longer so. What may pass, as a lack of descriptors or of memory, is tried again from the
 * same place, and nothing is lost. Where changes cannot be read any more, the log is followed
 * from its end on, and every client is told to fetch anew.
 */
#pragma once

#include "pushd/hub.h"

#include <systemd/sd-event.h>

struct follow;

/* Begins to connect; the hub's feed and inbox must be there. Returns 0 or -errno. */
int follow_new(struct hub *hub, sd_event *event, struct follow **ret_follow);

/* The feed and the inbox stay. Returns NULL. */
struct follow *follow_free(struct follow *follow);

DEFINE_CLEANUP(struct follow *, follow_free)

/* Whether changes are read. Where, tells feed_position(). */
bool follow_has_begun(const struct follow *follow);

/* Reads changes from this position on, where feed_begin() may begin. */
void follow_begin(struct follow *follow, struct feed_position position);

/* Delivers what is in the log already, unless that takes seconds. Returns 0 or -errno. */
int follow_catch_up(struct follow *follow);
