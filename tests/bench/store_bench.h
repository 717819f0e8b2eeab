/* What the measurements of the store share. Each stands in a file of its own. */
#pragma once

#include "tests/bench/crowd.h"
#include "tests/bench/greeting.h"
#include "tests/bench/instance.h"
#include "tests/bench/report.h"
#include "tests/bench/samples.h"
#include "tests/bench/workload.h"

enum {
	ROUNDS = 5,	   /* that a measurement and its reference take in turn */
	ANSWER_MS = 60000, /* a store that does not answer for so long has failed */
};

struct bench {
	const char *directory; /* for what a measurement writes */
	long seconds;	       /* that a figure may take; 0 = the least that gives one */
	long inbox;	       /* notifications of the large inbox */
	long users;	       /* of the large store */
	struct report report;
	struct filled *filled; /* NULL until somebody asks for it */
};

/* Each reports its rows. Returns 0 or -errno. */
typedef int measurement(struct bench *bench);

measurement measure_creates, measure_growth, measure_bulk, measure_memory, measure_broadcast,
	measure_restart, measure_stalls;

/* A crowd that fills a store: nothing is faster. Returns 0 or -errno. */
int bench_new_filler(const struct instance *instance, struct crowd **ret_crowd);

/* How many rounds there are, and the nanoseconds of each. */
unsigned bench_rounds(const struct bench *bench);
int64_t bench_round_ns(const struct bench *bench);

/*
 * Does one request and adds its microseconds to *times, which may be NULL, as may
 * be ret_answer. Returns 0 or -errno; a request that is refused is -EPROTO.
 */
int bench_call(struct inbox *inbox, const struct inbox_request *request, struct samples *times,
	struct inbox_answer *ret_answer);

/*
 * Counts the notifications of somebody without any, once a millisecond for so many
 * nanoseconds and once at least, whatever becomes of the counts before: so a stall
 * weighs what it lasts.
 */
int bench_count_for(const struct config *config, int64_t duration, struct samples *times);

/* Lets a checkpoint pass that creates have left to do: the store is idle only after it. */
int bench_settle(const struct config *config);

/* Reports percentiles of both, as rows "NAME, p50" and so on; a NULL name ends the list. */
struct percentile {
	const char *name;
	double percent;
	enum bound bound;
	double limit;
};

void bench_report_times(struct bench *bench, const char *measured, const char *name,
	struct samples *times, const char *against, struct samples *reference,
	const struct percentile *percentiles);

/* The store with a large inbox and a small one of SMALL_INBOX; filled at the first call. */
enum inbox_size { SMALL, LARGE, INBOX_SIZES };
enum { SMALL_INBOX = 100, SOME_IDS = 1024 };

struct filled {
	struct instance *instance;
	struct inbox *inbox; /* a connection to it */
	char names[INBOX_SIZES][WORKLOAD_NAME];
	struct uuid ids[INBOX_SIZES][SOME_IDS]; /* of some notifications, all over the inbox */
	size_t id_count[INBOX_SIZES];
};

int bench_filled(struct bench *bench, struct filled **ret_filled);
struct filled *filled_free(struct filled *filled);
