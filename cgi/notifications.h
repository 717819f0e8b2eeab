/*
 * The handlers of notifications.fcgi, a request of the contract each; the route
 * table is in notifications.c.
 */
#pragma once

#include "cgi/route.h"

/* In notifications_read.c: what changes nothing */
void notifications_list(struct exchange *exchange);
void notifications_count(struct exchange *exchange);
void notifications_get(struct exchange *exchange);

/* In notifications_create.c */
void notifications_create(struct exchange *exchange);
void notifications_create_batch(struct exchange *exchange);
void notifications_broadcast(struct exchange *exchange);

/* In notifications_change.c */
void notifications_mark_read(struct exchange *exchange);
void notifications_mark_unread(struct exchange *exchange);
void notifications_read_all(struct exchange *exchange);
void notifications_seen(struct exchange *exchange);
void notifications_delete(struct exchange *exchange);
void notifications_delete_many(struct exchange *exchange);
void notifications_withdraw(struct exchange *exchange);
void notifications_withdraw_broadcast(struct exchange *exchange);
void notifications_forget(struct exchange *exchange);

/* In notifications_admin.c: about the whole, or the connections of a user */
void notifications_stats(struct exchange *exchange);
void notifications_disconnect(struct exchange *exchange);
void notifications_healthz(struct exchange *exchange);

/* Appends {"notification":{...}, without the closing brace. */
void notifications_append(struct exchange *exchange, const struct notification *notification);

/* The same with the answer's first. False if it held none, which is answered then. */
bool notifications_append_one(struct exchange *exchange, struct inbox_answer *answer);
