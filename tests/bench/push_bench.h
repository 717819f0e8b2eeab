/* What the measurements of the push daemon share. Each stands in a file of its own. */
#pragma once

#include "tests/bench/audience.h"
#include "tests/bench/report.h"
#include "tests/bench/service.h"
#include "tests/bench/stamp.h"
#include "tests/bench/workload.h"

enum { ROUNDS = 5 /* that a measurement and its reference take in turn */ };

struct bench {
	const char *directory; /* for what a measurement writes */
	long seconds;	       /* that a latency is measured for; 0 = the least of all */
	unsigned clients;
	struct report report;
	struct heads *heads; /* of so many clients */
};

/* Each reports its rows. Returns 0 or -errno. */
typedef int measurement(struct bench *bench);

measurement measure_memory, measure_accept, measure_broadcast, measure_latency, measure_stalled,
	measure_absent, measure_start, measure_http;

unsigned bench_rounds(const struct bench *bench);

/* A service, and an audience for it. A zeroed struct has neither. */
struct stage {
	struct service service;
	struct audience *audience;
};

/* Starts a service that is ready for clients, without any. Returns 0 or -errno. */
int bench_begin_service(struct bench *bench, const char *name, enum config_durability durability,
	struct service *service);

/* The same with an audience, which is not connected yet; stage_release() also after a failure. */
int bench_begin(struct bench *bench, const char *name, enum config_durability durability,
	unsigned silent_every, struct stage *stage);
void stage_release(struct stage *stage);

/* A notification with a stamp in it, and a text of so many bytes more. It may not be copied. */
enum { STAMPED_MORE_MAX = 4000 };

struct stamped {
	char user[WORKLOAD_NAME];
	char content[STAMPED_MORE_MAX + 256];
	struct draft draft;
	struct inbox_request request;
};

/* Makes the request that creates it, for a user or, where `user` is empty, for everybody. */
void bench_stamp(struct stamped *stamped, struct slice user, int64_t time, unsigned more);

/* Does one request. Returns 0 or -errno; one that is refused is -EPROTO. */
int bench_call(struct inbox *inbox, const struct inbox_request *request);
