/*
 * Couriers, see courier.h.
 *
 * The body is a file in memory that is the process' standard input: so no program can keep
 * this one waiting by not reading it. What the process says, on either stream, is logged,
 * up to a bound; what is beyond that is read and dropped. Its process group is killed when
 * its time is up, and it is killed when this process is: whoever comes after would hand the
 * same over at the same time.
 */
#include "away/courier.h"

#include "away/post.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
	OUTPUT_MAX = 4096, /* bytes that are logged */
	READS_MAX = 32,	   /* at one time */
	GRACE_SECONDS = 5, /* that posting has beyond the time limit, to tell what was the matter */
	USEC = 1000000,
};

struct courier {
	courier_done *done;
	void *context;
	pid_t pid;
	int output_fd;
	unsigned *retry_after; /* shared with the process */
	bool late;
	sd_event_source *child, *timer, *output;
	struct buffer said;
	char id[64];
};

int courier_words_init(struct courier_words *words, const char *text)
{
	size_t count = 0;
	char *rest = NULL;

	*words = (struct courier_words){ .text = strdup(text) };
	if (!words->text)
		return -ENOMEM;
	for (char *word = strtok_r(words->text, " \t", &rest); word;
		word = strtok_r(NULL, " \t", &rest)) {
		if (count == COURIER_WORDS_MAX)
			return -E2BIG;
		words->words[count++] = word;
	}
	return 0;
}

void courier_words_release(struct courier_words *words)
{
	free(words->text);
	*words = (struct courier_words){ 0 };
}

/* ---- in the process ---- */

/* Nothing of this program's is left to it, but the two ends that are its own. */
static void settle(pid_t parent, int input_fd, int output_fd)
{
	sigset_t none;

	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setpgid(0, 0) < 0 ||
		dup2(input_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
		dup2(output_fd, STDERR_FILENO) < 0 || close_range(3, ~0U, 0) < 0 ||
		sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(COURIER_TRY_LATER);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
}

static void run(const struct courier_job *job, unsigned *retry_after)
{
	int error;

	if (!job->words)
		_exit(post(job, retry_after));
	execv(job->words->words[0], job->words->words);
	error = errno;
	dprintf(STDERR_FILENO, "%s: %s", job->words->words[0], strerror(error));
	_exit(error == ENOENT || error == EACCES ? COURIER_TRY_LATER : EXIT_FAILURE);
}

/* ---- what it says ---- */

static void log_said(const struct courier *courier)
{
	struct slice rest = buffer_slice(&courier->said), line;

	while (slice_take_line(&rest, &line))
		if (line.len > 0)
			log_info("delivery %s: %.*s", courier->id, (int)line.len, line.data);
}

/* Reads what is there, but not for ever. Returns whether there may be more, later. */
static bool listen_to(struct courier *courier)
{
	char bytes[4096];
	ssize_t n = 1;

	for (unsigned i = 0; n > 0 && i < READS_MAX; i++) {
		size_t room = OUTPUT_MAX - courier->said.len;

		n = read(courier->output_fd, bytes, sizeof(bytes));
		if (n > 0)
			buffer_append(&courier->said, bytes, (size_t)n < room ? (size_t)n : room);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)fd;
	(void)revents;
	return listen_to(context) ? 0 : sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

/* ---- its end ---- */

static int on_time_out(sd_event_source *source, uint64_t usec, void *context)
{
	struct courier *courier = context;

	(void)source;
	(void)usec;
	courier->late = true;
	kill(-courier->pid, SIGKILL);
	return 0;
}

static int status_of(const struct courier *courier, const siginfo_t *info)
{
	if (courier->late)
		return COURIER_TRY_LATER;
	return info->si_code == CLD_EXITED ? info->si_status : -1;
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *context)
{
	struct courier *courier = context;
	int status = status_of(courier, info);
	unsigned retry_after = *courier->retry_after;
	courier_done *done = courier->done;
	void *of = courier->context;

	(void)source;
	listen_to(courier);
	log_said(courier);
	if (courier->late)
		log_warning("delivery %s: took longer than it may, and was ended", courier->id);
	courier->pid = 0; /* whom it has left behind, as sendmail may, is let be */
	courier_free(courier);
	done(of, status, retry_after);
	return 0;
}

struct courier *courier_free(struct courier *courier)
{
	if (!courier)
		return NULL;
	if (courier->pid > 0) {
		kill(-courier->pid, SIGKILL);
		kill(courier->pid, SIGKILL); /* it may not lead its group yet */
		waitpid(courier->pid, NULL, 0);
	}
	sd_event_source_disable_unref(courier->child);
	sd_event_source_disable_unref(courier->timer);
	sd_event_source_disable_unref(courier->output);
	closing_fd(&courier->output_fd);
	if (courier->retry_after)
		munmap(courier->retry_after, sizeof(*courier->retry_after));
	buffer_release(&courier->said);
	free(courier);
	return NULL;
}

/* ---- its start ---- */

/* A file in memory with these bytes, to be read from its beginning. */
static int make_input(struct slice body, int *ret_fd)
{
	_cleanup_(closing_fd) int fd = memfd_create("delivery", MFD_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (body.len > 0) {
		n = write(fd, body.data, body.len);
		if (n < 0)
			return -errno;
		body.data += n;
		body.len -= (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int make_shared(unsigned **ret_shared)
{
	void *shared = mmap(NULL, sizeof(unsigned), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	*ret_shared = shared;
	return 0;
}

static int fork_it(struct courier *courier, const struct courier_job *job, int input_fd,
	int output_fd)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		settle(parent, input_fd, output_fd);
		run(job, courier->retry_after);
	}
	setpgid(pid, pid); /* whichever of both comes first */
	courier->pid = pid;
	return 0;
}

static int watch(struct courier *courier, sd_event *event, unsigned seconds)
{
	int r = sd_event_add_child(event, &courier->child, courier->pid, WEXITED, on_exit_of_child,
		courier);

	if (r >= 0)
		r = sd_event_add_time_relative(event, &courier->timer, CLOCK_MONOTONIC,
			(uint64_t)seconds * USEC, 0, on_time_out, courier);
	if (r >= 0)
		r = sd_event_add_io(event, &courier->output, courier->output_fd, EPOLLIN, on_output,
			courier);
	return r < 0 ? r : 0;
}

int courier_start(sd_event *event, const struct courier_job *job, courier_done *done, void *context,
	struct courier **ret_courier)
{
	_cleanup_(freeing_courier_free) struct courier *courier = calloc(1, sizeof(*courier));
	_cleanup_(closing_fd) int input_fd = -1, output_fd = -1;
	int ends[2], r;

	if (!courier)
		return -ENOMEM;
	courier->done = done;
	courier->context = context;
	courier->output_fd = -1;
	snprintf(courier->id, sizeof(courier->id), "%s", job->id);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	courier->output_fd = ends[0];
	output_fd = ends[1];
	if (fcntl(courier->output_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if ((r = make_input(job->body, &input_fd)) < 0 ||
		(r = make_shared(&courier->retry_after)) < 0 ||
		(r = fork_it(courier, job, input_fd, output_fd)) < 0 ||
		(r = watch(courier, event,
			 job->config->away.timeout + (job->words ? 0 : GRACE_SECONDS))) < 0)
		return r;
	*ret_courier = take(courier);
	return 0;
}
