/* Runs of the administrator's tool, see tools.h. */
#include "tests/crash/tools.h"

#include "tests/crash/chance.h"
#include "tests/crash/operation.h"
#include "tests/crash/spawn.h"
#include "tests/tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
	REST_US = 400000, /* at most, between two starts */
	KILL_US = 20000,  /* at most, after the start */
	OUTPUT_MAX = 1 << 20,
	USAGE = 2, /* the exit status when the tool was called wrongly */
};

void tools_set_up(struct tools *tools, const struct setting *setting, struct ledger *ledger)
{
	*tools = (struct tools){ .setting = setting, .ledger = ledger };
}

static int choose(struct tools *tools, struct tool_run *run)
{
	*run = (struct tool_run){ .wanted = true, .sends = by_chance(1, 2), .user = pick(USERS) };
	make_key(run->key);
	return run->sends ? ledger_want(tools->ledger, &run->user, 1, &run->number) : 0;
}

static int start(struct tools *tools, struct tool_run *run, int64_t now)
{
	char name[16], title[16], log[80];
	const char *config = tools->setting->config_file;
	const char *send[] = { "cli/tidings", "send", "--json", "--config", config, "--key",
		run->key, name, title, "from the tool", NULL };
	const char *list[] = { "cli/tidings", "list", "--json", "--config", config, "--limit", "20",
		name, NULL };
	struct spawn how = { .log = log, .listen_fd = -1 };

	setting_user(run->user, name);
	snprintf(title, sizeof(title), "N%u", run->number);
	snprintf(log, sizeof(log), "%s/tidings.log", tools->setting->directory);
	run->output_fd = how.output_fd = memfd_create("output", MFD_CLOEXEC);
	if (how.output_fd < 0)
		return -errno;
	how.arguments = run->sends ? send : list;
	run->kill_at = by_chance(1, 2) && !tools->ends ? now + 1 + pick(KILL_US) : 0;
	run->pid = spawn(&how);
	tools->started++;
	return run->pid < 0 ? run->pid : 0;
}

/* Whether there is something for it to do that has not been begun. */
static bool is_waiting(const struct tools *tools, const struct tool_run *run)
{
	return run->pid == 0 && (run->wanted || !tools->ends);
}

static int act(struct tools *tools, struct tool_run *run, int64_t now)
{
	int r = 0;

	if (run->pid > 0 && run->kill_at > 0 && run->kill_at <= now) {
		kill(run->pid, SIGKILL);
		run->kill_at = 0;
	}
	if (!is_waiting(tools, run) || tools->next > now)
		return 0;
	tools->next = now + pick(REST_US);
	if (!run->wanted)
		r = choose(tools, run);
	return r < 0 ? r : start(tools, run, now);
}

int64_t tools_act(struct tools *tools, int64_t until)
{
	int64_t now = monotonic_us();

	for (unsigned i = 0; i < TOOLS; i++) {
		const struct tool_run *run = &tools->runs[i];
		int r = act(tools, &tools->runs[i], now);

		if (r < 0)
			return r;
		if (is_waiting(tools, run) && tools->next < until)
			until = tools->next;
		if (run->kill_at > 0 && run->kill_at < until)
			until = run->kill_at;
	}
	return until;
}

/* What the tool printed, as JSON; NULL if it is none. */
static struct json_object *read_output(const struct tool_run *run)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct json_object *output = NULL;
	char *to = buffer_reserve(&text, OUTPUT_MAX);
	ssize_t n = to ? pread(run->output_fd, to, OUTPUT_MAX, 0) : -1;

	if (n <= 0 || json_parse((struct slice){ to, (size_t)n }, &output) != 0)
		return NULL;
	return output;
}

/* It says that it has done it. Returns whether what it printed is right. */
static bool take_output(struct tools *tools, const struct tool_run *run)
{
	_cleanup_(freeing_json) struct json_object *output = read_output(run);
	uint32_t number;
	struct uuid id;

	if (!run->sends)
		return list_is_right(tools->ledger, run->user, member(output, "notifications"));
	return number_of(output, &number) && number == run->number && id_of(output, &id) &&
	       ledger_acknowledge(tools->ledger, number, &id) == 0;
}

static void finish(struct tools *tools, struct tool_run *run, int status)
{
	bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool failed = WIFEXITED(status) && !done && WEXITSTATUS(status) != USAGE;
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

	run->wanted = run->sends && !done;
	tools->done += done;
	tools->failed += failed;
	tools->killed += killed;
	if (done ? take_output(tools, run) : failed || killed)
		return;
	tools->wrong++;
	tap_note("wrong: tidings %s for user %u, status %x", run->sends ? "send" : "list",
		run->user, (unsigned)status);
}

void tools_ended(struct tools *tools, pid_t pid, int status)
{
	for (unsigned i = 0; i < TOOLS; i++) {
		struct tool_run *run = &tools->runs[i];

		if (run->pid != pid)
			continue;
		finish(tools, run, status);
		close(run->output_fd);
		run->pid = 0;
		run->kill_at = 0;
	}
}

bool tools_are_busy(const struct tools *tools)
{
	for (unsigned i = 0; i < TOOLS; i++)
		if (tools->runs[i].pid > 0 || tools->runs[i].wanted)
			return true;
	return false;
}

void tools_kill(struct tools *tools)
{
	for (unsigned i = 0; i < TOOLS; i++) {
		int status;
		pid_t pid = tools->runs[i].pid;

		if (pid <= 0)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		tools_ended(tools, pid, status);
	}
}
