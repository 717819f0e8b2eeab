/* What the measurements of the store share, see store_bench.h. */
#include "tests/bench/store_bench.h"

#include <errno.h>

enum {
	FILL_CONNECTIONS = 16, /* so many requests under way … */
	FILL_WINDOW = 64,      /* … on each fill a batch of the store */
};

int bench_new_filler(const struct instance *instance, struct crowd **ret_crowd)
{
	return crowd_new(instance_config(instance), FILL_CONNECTIONS, FILL_WINDOW, ret_crowd);
}

unsigned bench_rounds(const struct bench *bench)
{
	return bench->seconds > 0 ? ROUNDS : 1;
}

int64_t bench_round_ns(const struct bench *bench)
{
	return (int64_t)bench->seconds * 1000000000 / ROUNDS;
}

int bench_call(struct inbox *inbox, const struct inbox_request *request, struct samples *times,
	struct inbox_answer *ret_answer)
{
	struct inbox_answer answer;
	int64_t begin = clock_ns();
	int r = inbox_call(inbox, request, ANSWER_MS, &answer);

	if (times)
		samples_add(times, microseconds_since(begin));
	if (r != 0)
		return r < 0 ? r : -EPROTO;
	if (ret_answer)
		*ret_answer = answer;
	else
		inbox_answer_release(&answer);
	return 0;
}

void bench_report_times(struct bench *bench, const char *measured, const char *name,
	struct samples *times, const char *against, struct samples *reference,
	const struct percentile *percentiles)
{
	for (const struct percentile *percentile = percentiles; percentile->name; percentile++) {
		char text[64];
		struct row row = {
			.measurement = measured,
			.name = text,
			.unit = "us",
			.value = samples_percentile(times, percentile->percent),
			.against = against,
			.bound = percentile->bound,
			.limit = percentile->limit,
		};

		if (reference)
			row.reference = samples_percentile(reference, percentile->percent);
		snprintf(text, sizeof(text), "%s, %s", name, percentile->name);
		report_row(&bench->report, &row);
	}
}
