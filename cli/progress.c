/* Progress of long work, see progress.h. */
#include "cli/progress.h"

#include "lib/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INTERVAL = 250 /* milliseconds */ };

struct progress progress_begin(const char *done)
{
	int64_t now = clock_ms();

	return (struct progress){
		.input = -1,
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

void progress_follow(struct progress *progress, int input)
{
	struct stat status;

	if (fstat(input, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
		progress->input = input;
}

/* "[=========>          ]  46 %  " */
static void show_bar(const struct progress *progress)
{
	static const char full[] = "====================";
	struct stat status;
	off_t at;
	int percent;

	if (progress->input < 0 || fstat(progress->input, &status) < 0 || status.st_size <= 0)
		return;
	at = lseek(progress->input, 0, SEEK_CUR);
	if (at < 0 || at > status.st_size)
		return;
	percent = (int)(100 * at / status.st_size);
	fprintf(stderr, "[%.*s%*s] %3d %%  ", percent / 5, full, 20 - percent / 5, "", percent);
}

void progress_show(struct progress *progress, uint64_t done, uint64_t failed)
{
	int64_t now = begin_line(progress);

	if (now == 0)
		return;
	show_bar(progress);
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
