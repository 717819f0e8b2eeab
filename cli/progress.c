/* Progress of long work, see progress.h. */
#include "cli/progress.h"

#include "lib/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { INTERVAL = 250 /* milliseconds */ };

struct progress progress_begin(const char *done)
{
	int64_t now = clock_ms();

	return (struct progress){
		.done = done,
		.wanted = isatty(STDERR_FILENO),
		.begun = now,
		.next = now + INTERVAL,
	};
}

/* Whether it is time to, and then the time; 0 if it is not. The line before is gone then. */
static int64_t begin_line(struct progress *progress)
{
	int64_t now;

	if (!progress->wanted)
		return 0;
	now = clock_ms();
	if (now < progress->next)
		return 0;
	progress->next = now + INTERVAL;
	progress->shown = true;
	fputs("\r\033[K", stderr);
	return now;
}

void progress_show(struct progress *progress, uint64_t done, uint64_t failed)
{
	int64_t now = begin_line(progress);

	if (now == 0)
		return;
	fprintf(stderr, "%" PRIu64 " %s, ", done, progress->done);
	if (failed > 0)
		fprintf(stderr, "%" PRIu64 " failed, ", failed);
	fprintf(stderr, "%" PRIu64 " a second", done * 1000 / (uint64_t)(now - progress->begun));
}

void progress_say(struct progress *progress, const char *format, ...)
{
	va_list values;

	if (begin_line(progress) == 0)
		return;
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
}

void progress_clear(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
