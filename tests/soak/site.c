/*
 * The installation, see site.h. Its limits are small, so that a run of minutes reaches all of
 * them over and over: queues, patience, what a user may keep, the store's cache.
 */
#include "tests/soak/site.h"

#include "cgi/endpoint.h"
#include "lib/token.h"
#include "tests/crash/files.h"
#include "tests/crash/spawn.h"
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { STOP_MS = 20000, POLL_MS = 5, LINES_TOLD = 40 };

static const char KEY[] = "a secret for tests, of 32 bytes or more\n";

static const char CONFIGURATION[] =
	"[store]\nsocket=%1$s/stored.sock\nhome=%1$s/home\ndurability=write\ncache=16M\n"
	"disk-reserve=1M\nmax-per-user=200\nlog-keep-hours=0\napi-users=\n"
	"[auth]\nkey-file=%1$s/jwt.key\npublisher-keys=%1$s/publishers\n"
	"[push]\nlisten=%1$s/pushd.sock\nmax-connections=1000\nmax-connections-per-user=1000\n"
	"control=%1$s/control.sock\nauth-timeout=2\nping-interval=5\nsend-queue=16K\nstall-timeout=5\n";

static const char *const paths[SITE_PROGRAMS] = {
	[SITE_STORED] = "stored/tidings-stored",
	[SITE_PUSHD] = "pushd/tidings-pushd",
};

const char *const site_names[SITE_PROGRAMS] = {
	[SITE_STORED] = "stored",
	[SITE_PUSHD] = "pushd",
};

static int write_text(const char *path, const struct buffer *text)
{
	_cleanup_(closing_file) FILE *file = fopen(path, "we");

	if (buffer_status(text) < 0)
		return -ENOMEM;
	if (!file || fwrite(text->data, 1, text->len, file) != text->len || fflush(file) != 0)
		return -errno;
	return 0;
}

static int write_files(struct site *site)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char path[64];
	int r;

	buffer_append_string(&text, KEY);
	snprintf(path, sizeof(path), "%s/jwt.key", site->directory);
	r = write_text(path, &text);
	buffer_clear(&text);
	buffer_print(&text, CONFIGURATION, site->directory);
	snprintf(site->config_file, sizeof(site->config_file), "%s/tidings.conf", site->directory);
	return r < 0 ? r : write_text(site->config_file, &text);
}

static int load_config(struct site *site)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	int r = config_load(site->config_file, &site->config, &problems);

	if (r != 0)
		tap_note("the configuration: %s", buffer_string(&problems));
	return r > 0 ? -EINVAL : r;
}

/* The socket is there before the program is: whoever connects waits until it is served. */
static int start(struct site *site, enum site_program which)
{
	_cleanup_(closing_fd) int listen_fd = -1;
	const char *arguments[] = { paths[which], "--config", site->config_file, "--log-level",
		"warning", NULL };
	char path[80], log[80];
	struct spawn how = { .arguments = arguments, .log = log, .output_fd = -1 };
	struct endpoint endpoint;
	int r;

	snprintf(path, sizeof(path), "%s/%s.sock", site->directory, site_names[which]);
	strcpy(site->sockets[which], path);
	snprintf(log, sizeof(log), "%s/%s.log", site->directory, site_names[which]);
	r = endpoint_parse(site->sockets[which], &endpoint);
	if (r == 0)
		r = endpoint_listen(&endpoint, &listen_fd);
	if (r < 0)
		return r;
	how.listen_fd = listen_fd;
	site->pids[which] = spawn(&how);
	return site->pids[which] < 0 ? (int)take(site->pids[which]) : 0;
}

int site_make(struct site *site)
{
	const char *where = getenv("TMPDIR");
	int r;

	*site = (struct site){ 0 };
	if (!where || strlen(where) > 16)
		where = "/tmp";
	snprintf(site->directory, sizeof(site->directory), "%s/tidings-soak.XXXXXX", where);
	if (!mkdtemp(site->directory)) {
		*site->directory = '\0';
		return -errno;
	}
	snprintf(site->home, sizeof(site->home), "%s/home", site->directory);
	if (mkdir(site->home, 0750) < 0)
		return -errno;
	r = write_files(site);
	if (r == 0)
		r = load_config(site);
	for (enum site_program i = 0; r == 0 && i < SITE_PROGRAMS; i++)
		r = start(site, i);
	return r;
}

int site_token(const struct site *site, const char *user, int64_t seconds, char **ret_token)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	int64_t now = time(NULL);
	struct token_claims claims = {
		.user = user,
		.issued = now,
		.expires = now + seconds,
	};

	return token_sign(site->config, &claims, ret_token, &problem);
}

bool site_stop(struct site *site, enum site_program which)
{
	pid_t pid = take(site->pids[which]);
	int status = -1;

	kill(pid, SIGTERM);
	for (int waited = 0; waited < STOP_MS; waited += POLL_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status == 0;
		poll(NULL, 0, POLL_MS);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

/* Of clients that read nothing it may speak. */
static bool is_complaint(const char *line)
{
	return !strstr(line, ": slow ") && !strstr(line, "more lines about clients");
}

bool site_is_content(const struct site *site)
{
	unsigned lines = 0;

	for (enum site_program i = 0; i < SITE_PROGRAMS; i++) {
		_cleanup_(closing_file) FILE *file = NULL;
		char path[80], line[256];

		snprintf(path, sizeof(path), "%s/%s.log", site->directory, site_names[i]);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file)) {
			if (!is_complaint(line) || lines++ >= LINES_TOLD)
				continue;
			line[strcspn(line, "\n")] = '\0';
			tap_note("%s", line);
		}
	}
	return lines == 0;
}

bool site_is_whole(const struct site *site, bool in_use)
{
	const char *arguments[] = { "cli/tidings", "check", "--config", site->config_file,
		in_use ? NULL : "--home", site->home, NULL };
	char log[80];
	struct spawn how = { .arguments = arguments, .log = log, .output_fd = -1, .listen_fd = -1 };
	int status = -1;
	pid_t pid;

	snprintf(log, sizeof(log), "%s/check.log", site->directory);
	pid = spawn(&how);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void site_remove(struct site *site)
{
	const char *keep = getenv("KEEP_TEST_FILES");

	for (enum site_program i = 0; i < SITE_PROGRAMS; i++) {
		if (site->pids[i] <= 0)
			continue;
		kill(site->pids[i], SIGKILL);
		waitpid(site->pids[i], NULL, 0);
	}
	config_free(site->config);
	if (*site->directory && (!keep || !*keep))
		files_remove(site->directory);
}

/* ---- levels ---- */

static void freeing_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int count_descriptors(pid_t pid)
{
	_cleanup_(freeing_directory) DIR *directory = NULL;
	const struct dirent *entry;
	char path[32];
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return -errno;
	while ((entry = readdir(directory)))
		count += *entry->d_name != '.';
	return count;
}

int level_read(pid_t pid, struct level *ret_level)
{
	_cleanup_(closing_file) FILE *file = NULL;
	long long total, resident;
	char path[32];
	int descriptors = count_descriptors(pid);

	if (descriptors < 0)
		return descriptors;
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%lld %lld", &total, &resident) != 2)
		return -EIO;
	*ret_level = (struct level){ resident * sysconf(_SC_PAGESIZE), descriptors };
	return 0;
}
