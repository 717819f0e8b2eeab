/* What the measurements of the push daemon share. Each stands in a file of its own. */
#pragma once

#include "tests/bench/audience.h"
#include "tests/bench/report.h"
#include "tests/bench/service.h"

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

measurement measure_accept;

unsigned bench_rounds(const struct bench *bench);

/* Starts a service with the bench's durability, and makes an audience for it, which is not connected. */
int bench_begin(struct bench *bench, const char *name, enum config_durability durability,
	unsigned silent_every, struct service *service, struct audience **ret_audience);
