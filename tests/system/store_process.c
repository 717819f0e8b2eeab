/* Running tidings-stored, see store_process.h. */
#include "tests/system/store_process.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static void give_up(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

void store_process_init(struct store_process *process, const char *lines)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	FILE *file;

	*process = (struct store_process){ .directory = "/tmp/tidings-store.XXXXXX" };
	if (!mkdtemp(process->directory))
		give_up("mkdtemp");
	snprintf(process->config_path, sizeof(process->config_path), "%s/tidings.conf",
		process->directory);
	file = fopen(process->config_path, "w");
	if (!file)
		give_up(process->config_path);
	fprintf(file, "[store]\nhome=%s/store\nsocket=%s/store.sock\n%s", process->directory,
		process->directory, lines);
	fclose(file);
	if (config_load(process->config_path, &process->config, &problems) != 0)
		give_up(buffer_string(&problems));
}

void store_process_start(struct store_process *process)
{
	char program[512];

	snprintf(program, sizeof(program), "%s/stored/tidings-stored", getenv("top_builddir"));
	process->pid = fork();
	if (process->pid < 0)
		give_up("fork");
	if (process->pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives the test */
	execl(program, program, "--config", process->config_path, "--log-level", "error", NULL);
	_exit(127);
}

void store_process_check(const struct store_process *process)
{
	if (waitpid(process->pid, NULL, WNOHANG) != 0)
		give_up("tidings-stored has ended");
}

int store_process_kill(struct store_process *process, int signal)
{
	int status = 0;

	kill(process->pid, signal);
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	process->pid = 0;
	return status;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void store_process_release(struct store_process *process)
{
	if (process->pid > 0)
		store_process_kill(process, SIGKILL);
	config_free(process->config);
	nftw(process->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
