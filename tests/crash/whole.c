/* Whether a store is whole, see whole.h. */
#include "tests/crash/whole.h"

#include "lib/buffer.h"
#include "tests/crash/spawn.h"
#include "tests/tap.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { SHOWN = 900 /* bytes of what is wrong */ };

static void show(int output_fd)
{
	char text[SHOWN];
	ssize_t n = pread(output_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	tap_note("tidings check: %s", text);
}

bool store_is_whole(const struct setting *setting, const char *home)
{
	_cleanup_(closing_fd) int output_fd = memfd_create("output", MFD_CLOEXEC);
	const char *arguments[] = { "cli/tidings", "check", "--json", "--config",
		setting->config_file, home ? "--home" : NULL, home, NULL };
	char log[80];
	struct spawn how = {
		.arguments = arguments,
		.log = log,
		.output_fd = output_fd,
		.listen_fd = -1,
	};
	int status = -1;
	pid_t pid;

	snprintf(log, sizeof(log), "%s/tidings.log", setting->directory);
	pid = output_fd < 0 ? -1 : spawn(&how);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
		return true;
	show(output_fd);
	return false;
}
