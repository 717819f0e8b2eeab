/*
 * The push daemon is upgraded in place, several times, while notifications are created at a
 * steady rate for its many clients: nobody is disconnected, misses one, or is told one twice.
 *
 * UPGRADE_CLIENTS, UPGRADE_RATE (creates a second), UPGRADES and UPGRADE_PAUSE (seconds
 * between two of them) make it larger than what is good for every day.
 */
#include "lib/inbox.h"
#include "tests/system/listeners.h"
#include "tests/system/store_process.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum {
	PATIENCE_MS = 60000,
	UNGREETED_MAX = 200, /* clients that are connecting */
};

static const char UPGRADED[] = "upgraded in place: ";

struct load {
	struct store_process store;
	struct config *config; /* with keys */
	char push_socket[128];
	pid_t push;
	int log_fd; /* what the daemon says */
	struct inbox *inbox;
	struct listeners *listeners;
	unsigned clients, rate;
	uint64_t *created; /* acknowledged, of each client's user */
	unsigned next;	   /* whose turn it is */
	int64_t due;	   /* usec: of the next create */
	unsigned under_way, failed, upgrades;
};

static struct load load;

static int64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static unsigned setting(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned)atoi(text) : otherwise;
}

static void give_up(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	kill(load.push, SIGKILL);
	exit(1);
}

/* ---- the programs ---- */

static void write_key(const char *path)
{
	_cleanup_(closing_file) FILE *file = fopen(path, "w");

	if (!file || fputs("a secret for tests, of 32 bytes or more\n", file) < 0)
		give_up(path);
}

static void configure(void)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	const char *directory = load.store.directory;
	char key[128];
	FILE *file;

	store_process_init(&load.store, "durability=write\ndisk-reserve=1M\nmax-per-user=0\n");
	snprintf(key, sizeof(key), "%s/jwt.key", directory);
	snprintf(load.push_socket, sizeof(load.push_socket), "%s/push.sock", directory);
	write_key(key);
	file = fopen(load.store.config_path, "a");
	if (!file)
		give_up(load.store.config_path);
	fprintf(file, "[auth]\nkey-file=%s\n[push]\nlisten=%s\ncontrol=\nping-interval=600\n", key,
		load.push_socket);
	fclose(file);
	if (config_load(load.store.config_path, &load.config, &problems) != 0)
		give_up(buffer_string(&problems));
}

static void become_push(int log_fd)
{
	char program[512];

	snprintf(program, sizeof(program), "%s/pushd/tidings-pushd", getenv("top_builddir"));
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives the test */
	dup2(log_fd, STDERR_FILENO);
	execl(program, program, "--config", load.store.config_path, NULL);
	_exit(127);
}

/* Whether the daemon accepts clients. */
static bool is_there(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closing_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, load.push_socket);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void start_push(void)
{
	int64_t begun = now_usec();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		give_up("pipe2");
	load.push = fork();
	if (load.push == 0)
		become_push(fds[1]);
	close(fds[1]);
	load.log_fd = fds[0];
	while (!is_there()) {
		if (now_usec() - begun > PATIENCE_MS * 1000LL ||
			waitpid(load.push, NULL, WNOHANG) != 0)
			give_up("tidings-pushd does not start");
		poll(NULL, 0, 5);
	}
}

/* ---- what goes on meanwhile ---- */

static void on_created(void *context, int result, struct inbox_answer *answer)
{
	(void)answer;
	load.under_way--;
	load.failed += result != 0;
	*(uint64_t *)context += result == 0;
}

/* For users who are far from one another, one after the other. */
static void create(void)
{
	struct draft draft = {
		.content = SLICE("\"title\":\"A title\",\"message\":\"And what it is about\""),
	};
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = &draft,
		.draft_count = 1,
	};
	char name[32];

	load.next = (load.next + 7919) % load.clients;
	listeners_user(load.next, name);
	draft.user = slice_of(name);
	if (inbox_submit(load.inbox, &request, on_created, &load.created[load.next]) < 0)
		give_up("a create");
	load.under_way++;
}

/* Passes on what the daemon says, and counts what is waited for. */
static void read_log(void)
{
	static struct buffer text;
	char piece[4096], *end;
	ssize_t n;

	while ((n = read(load.log_fd, piece, sizeof(piece))) > 0)
		buffer_append(&text, piece, (size_t)n);
	while (text.len > 0 && (end = memchr(text.data, '\n', text.len))) {
		*end = '\0';
		tap_note("%s", text.data);
		load.upgrades += strstr(text.data, UPGRADED) != NULL;
		buffer_consume(&text, (size_t)(end + 1 - text.data));
	}
	if (text.len == 0)
		buffer_release(&text);
}

/* One turn: creates what is due if `creating`, and reads what has come. */
static void turn(bool creating)
{
	struct pollfd fds[] = {
		{ .fd = listeners_fd(load.listeners), .events = POLLIN },
		{ .fd = load.log_fd, .events = POLLIN },
		{ .events = POLLIN },
	};

	for (; creating && now_usec() >= load.due; load.due += 1000000 / load.rate)
		create();
	if (inbox_dispatch(load.inbox) < 0)
		give_up("the store");
	fds[2].fd = inbox_fd(load.inbox);
	if (inbox_wants_write(load.inbox))
		fds[2].events |= POLLOUT;
	poll(fds, ARRAY_LENGTH(fds), 1);
	listeners_read(load.listeners);
	read_log();
}

static void go_on_for(int64_t usec)
{
	for (int64_t end = now_usec() + usec; now_usec() < end;)
		turn(true);
}

static void connect_all(void)
{
	const struct listeners_counts *counts = listeners_counts(load.listeners);
	int64_t begun = now_usec();

	while (counts->greeted < load.clients) {
		if (counts->connected - counts->greeted < UNGREETED_MAX)
			listeners_connect(load.listeners, UNGREETED_MAX / 4);
		turn(false);
		if (now_usec() - begun > 2 * PATIENCE_MS * 1000LL)
			break;
	}
	ok_int_equal(counts->greeted, load.clients, "all clients are greeted");
	tap_note("%u clients came in %lld ms", counts->greeted,
		(long long)(now_usec() - begun) / 1000);
}

static void upgrade(void)
{
	unsigned before = load.upgrades;
	int64_t begun = now_usec();

	listeners_forget_longest(load.listeners);
	kill(load.push, SIGUSR2);
	while (load.upgrades == before && now_usec() - begun < PATIENCE_MS * 1000LL)
		turn(true);
	go_on_for(200000);
	tap_note("check and upgrade took %lld ms; the longest delay of a message was %lld ms",
		(long long)(now_usec() - begun - 200000) / 1000,
		(long long)listeners_counts(load.listeners)->longest);
}

static bool all_told(void)
{
	for (unsigned i = 0; i < load.clients; i++)
		if (listeners_seq(load.listeners, i) < load.created[i])
			return false;
	return true;
}

static void await_end(void)
{
	int64_t begun = now_usec();

	while ((load.under_way > 0 || !all_told()) && now_usec() - begun < PATIENCE_MS * 1000LL)
		turn(false);
}

static void report(unsigned expected)
{
	const struct listeners_counts *counts = listeners_counts(load.listeners);
	uint64_t created = 0, differing = 0;

	for (unsigned i = 0; i < load.clients; i++) {
		created += load.created[i];
		differing += listeners_seq(load.listeners, i) != load.created[i];
	}
	tap_note("%llu notifications for %u clients, at %u/s", (unsigned long long)created,
		load.clients, load.rate);
	ok_int_equal(load.upgrades, expected, "upgraded in place %u times", expected);
	ok_int_equal(load.failed, 0, "no create failed");
	ok_int_equal(load.clients - counts->connected, 0, "disconnected");
	ok_int_equal((intmax_t)counts->missed, 0, "missed");
	ok_int_equal((intmax_t)counts->doubled, 0, "doubled");
	ok_int_equal((intmax_t)counts->resets, 0, "told to fetch anew");
	ok_int_equal((intmax_t)differing, 0, "clients that know something else than the store");
	ok_int_equal((intmax_t)counts->told, (intmax_t)created, "each was told once");
}

static void raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
	unsigned upgrades = setting("UPGRADES", 4);
	int status = 0;

	raise_limit();
	load.clients = setting("UPGRADE_CLIENTS", 500);
	load.rate = setting("UPGRADE_RATE", 500);
	load.created = calloc(load.clients, sizeof(*load.created));
	configure();
	store_process_start(&load.store);
	start_push();
	if (!load.created || inbox_new(load.config, &load.inbox) < 0)
		give_up("inbox_new");
	while (inbox_dispatch(load.inbox) < 0) /* until the store listens */
		store_process_check(&load.store), poll(NULL, 0, 5);
	load.listeners = listeners_new(load.config, load.push_socket, load.clients);
	connect_all();
	load.due = now_usec();
	for (unsigned i = 0; i < upgrades; i++) {
		go_on_for(setting("UPGRADE_PAUSE", 0) * 1000000LL + 300000);
		upgrade();
	}
	await_end();
	report(upgrades);
	kill(load.push, SIGTERM);
	listeners_free(load.listeners);
	waitpid(load.push, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it stops cleanly");
	inbox_free(load.inbox);
	config_free(load.config);
	free(load.created);
	store_process_release(&load.store);
	return tap_done();
}
