/*
 * What the benchmarks write: ordinary notifications, numbered from 0. The number
 * says whose it is, so that the store and what stands beside it do the same.
 */
#pragma once

#include "lib/inbox.h"

enum { WORKLOAD_USERS = 10000, WORKLOAD_NAME = 32 /* bytes, NUL included */ };

/* A request and what it points to; it may not be copied. */
struct workload_create {
	char user[WORKLOAD_NAME];
	struct draft draft;
	struct inbox_request request;
};

/* Index of the user that notification `number` goes to: any, in no order, each as often. */
unsigned workload_user(uint64_t number);

/* The name of a user. Names of one kind sort by their number. */
struct slice workload_name(const char *kind, uint64_t number, char text[static WORKLOAD_NAME]);

/* The draft of every notification. */
struct draft workload_draft(struct slice user);

/* A request that creates one for the user, or, where that is empty, a broadcast. */
void workload_request(struct workload_create *create, struct slice user);

/* A request that creates number `number`. */
void workload_create(struct workload_create *create, uint64_t number);
