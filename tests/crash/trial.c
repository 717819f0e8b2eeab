/* Trials, see trial.h. */
#include "tests/crash/trial.h"

#include "tests/crash/ask.h"
#include "tests/crash/chance.h"
#include "tests/crash/files.h"
#include "tests/crash/whole.h"
#include "tests/tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum { USUAL_SECONDS = 10, FINISH_US = 60 * 1000000 };

int trial_set_up(struct trial *trial, const char *disk_reserve)
{
	int r;

	*trial = (struct trial){ .programs = { .notify_fd = -1, .signal_fd = -1 } };
	load_set_up(&trial->load, &trial->setting, &trial->ledger);
	tools_set_up(&trial->tools, &trial->setting, &trial->ledger);
	r = setting_make(&trial->setting, disk_reserve);
	return r < 0 ? r : programs_set_up(&trial->programs, &trial->setting);
}

int trial_start(struct trial *trial)
{
	struct findings nothing = { 0 };
	int r = programs_start_all(&trial->programs);

	return r < 0 ? r : recount(&trial->ledger, &trial->setting, &nothing);
}

int64_t trial_duration(void)
{
	const char *seconds = getenv("CRASH_SECONDS");
	int64_t n = seconds ? atoll(seconds) : 0;

	return (n > 0 ? n : USUAL_SECONDS) * 1000000;
}

/* A tool, or a worker whose parent was killed. */
static void on_child(void *context, pid_t pid, int status)
{
	struct trial *trial = context;

	tools_ended(&trial->tools, pid, status);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		trial->orphans_wrong++;
}

/* Waits for whatever comes first, and takes it. */
static int wait_and_take(struct trial *trial, int64_t until)
{
	struct pollfd fds[CLIENTS + 2];
	int64_t left = until - monotonic_us();
	struct timespec timeout = { 0 };

	load_watch(&trial->load, fds);
	fds[CLIENTS] = (struct pollfd){ .fd = trial->programs.signal_fd, .events = POLLIN };
	fds[CLIENTS + 1] = (struct pollfd){ .fd = trial->programs.notify_fd, .events = POLLIN };
	if (left > 0)
		timeout = (struct timespec){ left / 1000000, left % 1000000 * 1000 };
	if (ppoll(fds, ARRAY_LENGTH(fds), &timeout, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[CLIENTS + 1].revents)
		programs_read_notes(&trial->programs);
	load_take(&trial->load);
	if (!fds[CLIENTS].revents)
		return 0;
	return programs_reap(&trial->programs, on_child, trial);
}

static int turn(struct trial *trial, int64_t until)
{
	int64_t next = load_ask(&trial->load, until);

	if (next >= 0)
		next = tools_act(&trial->tools, next);
	return next < 0 ? (int)next : wait_and_take(trial, next);
}

int trial_run(struct trial *trial, int64_t until)
{
	int r = 0;

	while (r == 0 && monotonic_us() < until)
		r = turn(trial, until);
	return r;
}

int trial_finish(struct trial *trial)
{
	int64_t deadline = monotonic_us() + FINISH_US;
	int r = 0;

	trial->load.ends = trial->tools.ends = true;
	while (r == 0 && (load_is_busy(&trial->load) || tools_are_busy(&trial->tools)))
		r = monotonic_us() < deadline ? turn(trial, deadline) : -ETIMEDOUT;
	return r;
}

static unsigned ended_by_themselves(const struct programs *programs)
{
	unsigned ended = 0;

	for (unsigned i = 0; i < PROGRAMS; i++)
		ended += programs->ended[i];
	return ended;
}

static void note_counts(const struct trial *trial)
{
	const struct tally *tally = &trial->load.tally;

	tap_note("%zu requests: %zu changes and %zu reads answered", tally->requests,
		tally->changed, tally->looked);
	tap_note("%zu repeated for want of an answer, %zu although they had one; %zu answers "
		 "replayed",
		tally->repeated, tally->once_more, tally->replayed);
	tap_note("%zu connections broken, %zu answers 503, %zu answers 507, %zu given up waiting",
		tally->broken, tally->unavailable, tally->full, tally->stalled);
	tap_note("%zu runs of the tool: %zu done, %zu failed, %zu killed", trial->tools.started,
		trial->tools.done, trial->tools.failed, trial->tools.killed);
	tap_note("longest time without an answer %lld ms, for one request %lld ms; slowest start "
		 "of the store %lld ms",
		(long long)tally->longest_gap / 1000, (long long)tally->longest_wait / 1000,
		(long long)trial->programs.slowest_start / 1000);
}

/* All that was acknowledged must be in the lists. */
static int compare(struct trial *trial)
{
	for (size_t i = 0; i < trial->ledger.count; i++)
		trial->acknowledged += trial->ledger.notices[i].standing == ACKNOWLEDGED;
	return recount(&trial->ledger, &trial->setting, &trial->findings);
}

static void check_lists(struct trial *trial)
{
	const struct findings *findings = &trial->findings;
	int r = compare(trial);

	tap_note("%zu notifications acknowledged; in all lists %zu", trial->acknowledged,
		findings->listed);
	ok_int_equal(r, 0, "every list can be read");
	ok_int_equal(findings->lost, 0, "no acknowledged notification is lost");
	ok_int_equal(findings->doubled, 0, "none is there twice");
	ok_int_equal(findings->uninvited, 0, "none is there that nobody asked for");
	ok_int_equal(findings->revived, 0, "what was deleted stays so");
	ok_int_equal(findings->misread, 0, "every mark is as it was acknowledged");
	ok_int_equal(findings->partial, 0, "requests for several are done as a whole");
	ok_int_equal(findings->miscounted, 0, "all counts are those of the lists");
}

int trial_clear(struct trial *trial)
{
	bool everlasting = trial->ledger.everlasting;
	int r = trial_finish(trial);

	if (r == 0)
		r = compare(trial);
	if (r < 0)
		return r;
	programs_kill_all(&trial->programs);
	files_remove(trial->setting.home);
	ledger_release(&trial->ledger);
	trial->ledger.everlasting = everlasting;
	trial->load.ends = trial->tools.ends = false;
	load_pause(&trial->load);
	return 0;
}

/* A worker that ended though nobody had killed it, or what a sanitizer has found. */
static bool is_bad(const char *line)
{
	if (strstr(line, "worker ") && strstr(line, "is replaced"))
		return !strstr(line, "ended by signal 9 ");
	return strstr(line, "ERROR: AddressSanitizer") || strstr(line, "runtime error: ");
}

/* How many lines of a program's log say that something is wrong. */
static size_t count_bad(const struct setting *setting, enum program which)
{
	_cleanup_(closing_file) FILE *file = NULL;
	_cleanup_(freeing_memory) char *line = NULL;
	size_t size = 0, bad = 0;
	char path[80];

	programs_log(setting, which, path);
	file = fopen(path, "re");
	while (file && getline(&line, &size, file) > 0) {
		if (!is_bad(line))
			continue;
		bad++;
		tap_note("%s", line);
	}
	return bad;
}

static size_t count_all_bad(const struct setting *setting)
{
	size_t bad = 0;

	for (enum program i = 0; i < PROGRAMS; i++)
		bad += count_bad(setting, i);
	return bad;
}

static bool is_healthy(const struct setting *setting)
{
	const struct fastcgi_request request = { .method = "GET", .path = "/healthz" };
	_cleanup_(freeing_json) struct json_object *body = NULL;

	return ask(setting, &request, &body) == 0;
}

static void check_programs(const struct trial *trial)
{
	ok_int_equal(trial->load.tally.wrong, 0, "every answer was right");
	ok_int_equal(trial->tools.wrong, 0, "and all that the tool said");
	ok_int_equal(ended_by_themselves(&trial->programs), 0, "no program ended by itself");
	ok_int_equal(trial->orphans_wrong, 0, "nor did a worker that had lost its parent");
	ok_int_equal(count_all_bad(&trial->setting), 0, "nor any other worker");
	tap_ok(is_healthy(&trial->setting), "the store and the push daemon can be reached");
}

void trial_conclude(struct trial *trial, int result, unsigned latest_ms)
{
	const struct tally *tally = &trial->load.tally;

	note_counts(trial);
	if (!ok_int_equal(result, 0, "every request is answered in the end"))
		return;
	tap_ok(tally->changed > 0 && tally->looked > 0, "clients were answered");
	tap_ok(tally->longest_gap < (int64_t)latest_ms * 1000,
		"there was an answer at least every %u ms", latest_ms);
	check_programs(trial);
	check_lists(trial);
	tap_ok(store_is_whole(&trial->setting, NULL), "the store is whole");
	tap_ok(programs_stop(&trial->programs), "all programs stop when they are told to");
	tap_ok(store_is_whole(&trial->setting, trial->setting.home), "and leave it whole");
}

int trial_end(struct trial *trial)
{
	tools_kill(&trial->tools);
	programs_tear_down(&trial->programs);
	load_release(&trial->load);
	ledger_release(&trial->ledger);
	setting_remove(&trial->setting);
	return tap_done();
}
