/* What the measurements through the web server share. */
#pragma once

#include "tests/bench/push_bench.h"
#include "tests/bench/web.h"

enum { LATENCY_RATE = 200 /* creates a second */, LATENCY_CONNECTIONS = 16 };

/* False after saying that a measurement is left out because there is no web server. */
bool bench_has_web(const struct bench *bench, const char *measured);

/* Requests that create a notification each for one of so many users, any, each as often. */
struct web_requests {
	unsigned users;
	uint64_t silent_every; /* see audience.h */
	uint64_t heard;	       /* how many of them went to users who are not silent */
};

/* The body of one, with the stamp of when it is due: for a publisher_plan. */
void web_request_body(void *context, uint64_t number, int64_t due, struct buffer *to);

/*
 * Creates notifications at LATENCY_RATE for the bench's time, and waits until those who are
 * not silent have them. Adds the microseconds from when each was due to its receipt. Returns 0
 * or -errno.
 */
int bench_latency(struct bench *bench, const struct stage *stage, const struct web *web,
	unsigned silent_every, struct samples *times);

/* The same requests, but to the program that only reads them; the time is that to the answer. */
int bench_reader_latency(struct bench *bench, const struct web *web, struct samples *times);
