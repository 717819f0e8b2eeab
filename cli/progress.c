/* Progress of long work, see progress.h. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { INTERVAL = 250 /* milliseconds */ };

int64_t progress_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct progress progress_begin(const char *done)
{
	int64_t now = progress_clock();

	return (struct progress){
		.done = done,
		.wanted = isatty(STDERR_FILENO),
		.begun = now,
		.next = now + INTERVAL,
	};
}

void progress_show(struct progress *progress, uint64_t done, uint64_t failed)
{
	int64_t now;

	if (!progress->wanted)
		return;
	now = progress_clock();
	if (now < progress->next)
		return;
	progress->next = now + INTERVAL;
	progress->shown = true;
	fprintf(stderr, "\r\033[K%" PRIu64 " %s, ", done, progress->done);
	if (failed > 0)
		fprintf(stderr, "%" PRIu64 " failed, ", failed);
	fprintf(stderr, "%" PRIu64 " a second", done * 1000 / (uint64_t)(now - progress->begun));
}

void progress_clear(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
