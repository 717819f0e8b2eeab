/*
 * The time from when a notification was to be created over HTTP until its user's client has
 * it, with all clients connected; and beside it what the machine takes for parts of that: a
 * flush of the disk, and the way through the web server to a program that only reads.
 */
#include "tests/bench/push_web.h"

#include <errno.h>
#include <fcntl.h>

enum { FLUSHES = 200, FLUSHES_LEAST = 5, FLUSHED = 512 /* bytes: about a create's log */ };

/* ---- a flush of the disk ---- */

static int flush(int fd, struct samples *times)
{
	char bytes[FLUSHED] = { 0 };
	int64_t begin = clock_ns();

	if (write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || fdatasync(fd) < 0)
		return -errno;
	samples_add(times, microseconds_since(begin));
	return 0;
}

/* The file has its size before, as the log's files have theirs. */
static int measure_flush(struct bench *bench, struct samples *times)
{
	_cleanup_(closing_fd) int fd = -1;
	char path[256];
	int count = bench->seconds > 0 ? FLUSHES : FLUSHES_LEAST;
	int r;

	snprintf(path, sizeof(path), "%s/flushed", bench->directory);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = -posix_fallocate(fd, 0, (off_t)count * FLUSHED);
	for (int i = 0; r == 0 && i < count; i++)
		r = flush(fd, times);
	unlink(path);
	return r < 0 ? r : samples_status(times);
}

/* ---- rows ---- */

enum { P50, P99, MAX, PERCENTILES };

/* A row each; limits in microseconds, 0 = none. */
static void report(struct bench *bench, const char *name, struct samples *times,
	const double limits[static PERCENTILES])
{
	static const struct {
		const char *name;
		double percent;
	} percentiles[PERCENTILES] = {
		[P50] = { "p50", 50 },
		[P99] = { "p99", 99 },
		[MAX] = { "max", 100 },
	};

	for (size_t i = 0; i < PERCENTILES; i++) {
		char text[64];
		struct row row = {
			.measurement = "latency",
			.name = text,
			.unit = "us",
			.value = samples_percentile(times, percentiles[i].percent),
			.bound = limits[i] > 0 ? BOUND_AT_MOST : BOUND_NONE,
			.limit = limits[i],
		};

		snprintf(text, sizeof(text), "%s, %s", name, percentiles[i].name);
		report_row(&bench->report, &row);
	}
}

static const double no_limits[PERCENTILES];

static int measure_for(struct bench *bench, enum config_durability durability, struct stage *stage,
	struct web *web)
{
	int r = bench_begin(bench, "latency", durability, 0, stage);

	if (r == 0)
		r = web_begin(web, &stage->service, bench->directory);
	return r == 0 ? audience_connect(stage->audience) : r;
}

static int measure_write(struct bench *bench)
{
	static const double limits[PERCENTILES] = { [P50] = 350, [P99] = 2000 };
	_cleanup_(stage_release) struct stage stage = { 0 };
	_cleanup_(web_release) struct web web = { 0 };
	_cleanup_(samples_release) struct samples times = { 0 }, reader = { 0 };
	int r = measure_for(bench, DURABILITY_WRITE, &stage, &web);

	if (r == 0)
		r = bench_latency(bench, &stage, &web, 0, &times);
	if (r == 0)
		r = bench_reader_latency(bench, &web, &reader);
	if (r < 0)
		return r;
	report(bench, "write", &times, limits);
	report(bench, "an answer of who only reads", &reader, no_limits);
	return 0;
}

static int measure_sync(struct bench *bench)
{
	_cleanup_(stage_release) struct stage stage = { 0 };
	_cleanup_(web_release) struct web web = { 0 };
	_cleanup_(samples_release) struct samples times = { 0 }, flushes = { 0 };
	double limits[PERCENTILES] = { [P50] = 350 };
	int r = measure_for(bench, DURABILITY_SYNC, &stage, &web);

	if (r == 0)
		r = bench_latency(bench, &stage, &web, 0, &times);
	if (r == 0)
		r = measure_flush(bench, &flushes);
	if (r < 0)
		return r;
	limits[P50] += samples_median(&flushes);
	report(bench, "sync", &times, limits);
	report(bench, "a flush of the disk", &flushes, no_limits);
	return 0;
}

int measure_latency(struct bench *bench)
{
	int r;

	if (!bench_has_web(bench, "latency"))
		return 0;
	r = measure_write(bench);
	return r == 0 ? measure_sync(bench) : r;
}
