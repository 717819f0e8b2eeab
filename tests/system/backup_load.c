/*
 * Backups of a store that is written to without a pause. What was acknowledged before a
 * backup began must be in it, each once, with counts that agree with the lists; the check
 * must find nothing; and who opens it must begin a new epoch. How long the longest request
 * took meanwhile is told.
 *
 * Answers do not wait for the disk here, so that there is more to write. BACKUP_ROWS,
 * BACKUP_ROUNDS and BACKUP_DURABILITY make it larger, or slower, than what is good for
 * every day.
 */
#include "lib/inbox.h"
#include "lib/tree.h"
#include "tests/system/store_process.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum {
	USERS = 50,
	BATCH = 500, /* drafts of a request that fills the store */
	WINDOW = 64, /* creates under way */
	BACKUP_MS = 600000,
	MEASURED_MS = 500,
};

struct acked {
	struct uuid id;
	bool found;
};

/* A create under way. */
struct attempt {
	int64_t begun;
	unsigned count;
	bool used;
};

/* A store: the one that is written to, or one that is made of a backup. */
struct place {
	struct store_process process;
	struct inbox *inbox;
};

static struct acked *acked;
static size_t acked_count, acked_size, failed, under_way;
static struct attempt attempts[WINDOW];
static int64_t longest; /* milliseconds */
static unsigned next_user;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long setting(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? atol(text) : otherwise;
}

/* ---- the programs ---- */

/* What an operation of the backup leads to. */
static int ask(struct inbox *inbox, enum inbox_operation operation)
{
	struct inbox_request request = { .operation = operation };
	struct inbox_answer answer;
	int r = inbox_call(inbox, &request, BACKUP_MS, &answer);

	if (r == 0)
		inbox_answer_release(&answer);
	return r;
}

static void place_init(struct place *place)
{
	const char *durability = getenv("BACKUP_DURABILITY");
	char lines[128];

	snprintf(lines, sizeof(lines), "durability=%s\ndisk-reserve=1M\nmax-per-user=0\n",
		durability ? durability : "write");
	store_process_init(&place->process, lines);
}

/* Starts it, and waits until it serves: a recovery may take longer than an inbox waits. */
static void place_open(struct place *place)
{
	store_process_start(&place->process);
	if (inbox_new(place->process.config, &place->inbox) < 0)
		exit(1);
	while (ask(place->inbox, INBOX_BACKUP_END) < 0)
		store_process_check(&place->process);
}

static void place_close(struct place *place)
{
	int status = store_process_kill(&place->process, SIGTERM);

	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the store stops cleanly");
	inbox_free(place->inbox);
}

static int open_directory(const struct place *place)
{
	int fd = open(place->process.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		exit(1);
	return fd;
}

/* Whether tidings-stored --check finds nothing. */
static bool check(const struct place *place)
{
	char command[512];

	snprintf(command, sizeof(command), "%s/stored/tidings-stored --check %s/store",
		getenv("top_builddir"), place->process.directory);
	fflush(stdout);
	return system(command) == 0;
}

/* ---- writing ---- */

static void note_acked(const struct uuid *first, unsigned count)
{
	if (acked_count + count > acked_size) {
		acked_size = 2 * (acked_count + count);
		acked = realloc(acked, acked_size * sizeof(*acked));
		if (!acked)
			exit(1);
	}
	for (unsigned i = 0; i < count; i++)
		acked[acked_count++] = (struct acked){ .id = uuid_add(first, i) };
}

static void on_created(void *context, int result, struct inbox_answer *answer)
{
	struct attempt *attempt = context;
	int64_t took = now_ms() - attempt->begun;

	longest = took > longest ? took : longest;
	under_way--;
	attempt->used = false;
	if (result == 0)
		note_acked(&answer->next, attempt->count);
	else
		failed++;
}

static struct slice user_name(unsigned user, char text[static 16])
{
	snprintf(text, 16, "user%u", user);
	return slice_of(text);
}

static struct attempt *free_attempt(void)
{
	for (size_t i = 0; i < WINDOW; i++)
		if (!attempts[i].used)
			return &attempts[i];
	return NULL;
}

/* Creates so many for one user after the other. */
static void submit_create(struct inbox *inbox, unsigned count)
{
	static struct draft drafts[BATCH];
	struct attempt *attempt = free_attempt();
	char name[16];
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = drafts,
		.draft_count = count,
	};

	user_name(next_user++ % USERS, name);
	for (unsigned i = 0; i < count; i++)
		drafts[i] = (struct draft){
			.user = slice_of(name),
			.content =
				SLICE("\"title\":\"A title\",\"message\":\"And what it is about\""),
		};
	*attempt = (struct attempt){ .begun = now_ms(), .count = count, .used = true };
	if (inbox_submit(inbox, &request, on_created, attempt) < 0)
		exit(1);
	under_way++;
}

/* Sends and receives what can be; false if there is no connection. */
static bool dispatch(struct inbox *inbox, struct pollfd *ret_fd)
{
	*ret_fd = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (!inbox)
		return true;
	if (inbox_dispatch(inbox) < 0)
		return false;
	ret_fd->fd = inbox_fd(inbox);
	if (inbox_wants_write(inbox))
		ret_fd->events |= POLLOUT;
	return true;
}

/* Sends, waits for what comes next, and receives it. */
static void wait_for(struct inbox *inbox, struct inbox *other)
{
	struct pollfd fds[2];
	bool connected = dispatch(inbox, &fds[0]) & dispatch(other, &fds[1]);

	poll(fds, 2, connected ? 100 : 1); /* without a connection: the store is starting */
	dispatch(inbox, &fds[0]);
	dispatch(other, &fds[1]);
}

static void fill(struct inbox *inbox, size_t rows)
{
	int64_t begun = now_ms();

	while (acked_count < rows || under_way > 0) {
		while (under_way < 4 && acked_count + under_way * BATCH < rows)
			submit_create(inbox, BATCH);
		wait_for(inbox, NULL);
	}
	tap_note("%zu notifications were written in %lld ms", acked_count,
		(long long)(now_ms() - begun));
}

/* ---- backing up ---- */

static void on_done(void *context, int result, struct inbox_answer *answer)
{
	(void)answer;
	*(int *)context = result;
}

/* Asks for a backup, and writes until it is there. Returns the milliseconds, or -1. */
static int64_t back_up(struct place *place, struct inbox *asker)
{
	struct inbox_request request = { .operation = INBOX_BACKUP };
	int64_t begun = now_ms();
	int result = 1000;

	longest = 0;
	if (inbox_submit(asker, &request, on_done, &result) < 0)
		return -1;
	while (result == 1000 && now_ms() - begun < BACKUP_MS) {
		while (under_way < WINDOW)
			submit_create(place->inbox, 1);
		wait_for(place->inbox, asker);
	}
	if (result != 0)
		tap_note("the backup ended with %d", result);
	return result == 0 ? now_ms() - begun : -1;
}

/* ---- what is in it ---- */

static int compare_acked(const void *a, const void *b)
{
	return uuid_compare(&((const struct acked *)a)->id, &((const struct acked *)b)->id);
}

/* Takes the notifications of a page. Returns how many, -1 if one was there already. */
static long read_page(struct inbox_answer *answer, struct acked *list, size_t count)
{
	struct notification notification;
	long n = 0;

	for (; inbox_next_notification(answer, &notification); n++) {
		struct acked key = { .id = notification.id };
		struct acked *one = bsearch(&key, list, count, sizeof(*list), compare_acked);

		if (one && one->found)
			return -1;
		if (one)
			one->found = true;
	}
	return n;
}

/* Reads a user's whole list; whether the counts agree with it. */
static bool read_user(struct inbox *inbox, unsigned user, struct acked *list, size_t count)
{
	char name[16];
	struct inbox_request request = {
		.operation = INBOX_LIST,
		.user = user_name(user, name),
		.query = { .limit = INBOX_LIMIT_MAX, .type = INBOX_ANY_TYPE },
	};
	struct inbox_answer answer;
	uint64_t total, there = 0;

	do {
		long n;

		if (inbox_call(inbox, &request, 10000, &answer) != 0)
			return false;
		total = answer.counts.total;
		n = read_page(&answer, list, count);
		if (n < 0 || answer.counts.unread != total)
			return false;
		there += (uint64_t)n;
		request.query.from_cursor = answer.more;
		request.query.cursor = answer.next;
		inbox_answer_release(&answer);
	} while (request.query.from_cursor);
	return there == total;
}

/* A client that knows a later change than the copy does, or just the epoch of before. */
static bool is_reset(struct inbox *inbox, const char *epoch, uint64_t since)
{
	char name[16];
	struct inbox_request request = {
		.operation = INBOX_CHANGES,
		.user = user_name(0, name),
		.since = since,
		.epoch = slice_of(epoch),
	};
	struct inbox_answer answer;
	bool reset;

	if (inbox_call(inbox, &request, 10000, &answer) != 0)
		return false;
	reset = answer.reset;
	inbox_answer_release(&answer);
	return reset;
}

static uint64_t seq_of(struct inbox *inbox)
{
	char name[16];
	struct inbox_request request = {
		.operation = INBOX_COUNT,
		.user = user_name(0, name),
	};
	struct inbox_answer answer;

	if (inbox_call(inbox, &request, 10000, &answer) != 0)
		return 0;
	inbox_answer_release(&answer);
	return answer.counts.seq;
}

/* Opens the copy as a store, and reads all of it. */
static void compare(struct place *copy, const char *epoch, struct acked *list, size_t count)
{
	bool exact = true;
	size_t lost = 0;

	place_open(copy);
	for (unsigned user = 0; user < USERS; user++)
		exact &= read_user(copy->inbox, user, list, count);
	for (size_t i = 0; i < count; i++)
		lost += !list[i].found;
	tap_ok(exact, "every count in it is what the lists say, and nothing is there twice");
	ok_int_equal(lost, 0, "all %zu that were acknowledged before it began are there", count);
	tap_ok(strcmp(inbox_greeting(copy->inbox)->epoch, epoch) != 0, "it begins a new epoch");
	tap_ok(is_reset(copy->inbox, epoch, seq_of(copy->inbox) + 5),
		"who knows later changes has to fetch anew");
	tap_ok(is_reset(copy->inbox, epoch, seq_of(copy->inbox)), "and so has everybody else");
	place_close(copy);
}

static struct acked *copy_acked(size_t count)
{
	struct acked *list = malloc((count + 1) * sizeof(*list));

	if (!list)
		exit(1);
	memcpy(list, acked, count * sizeof(*list));
	qsort(list, count, sizeof(*list), compare_acked);
	return list;
}

/* Takes the backup to where another store will find it. */
static void take_out(const struct place *place, struct place *copy, struct inbox *asker)
{
	_cleanup_(closing_fd) int from = open_directory(place), to = open_directory(copy);

	ok_int_equal(tree_copy(from, "store/backup", to, "store", NULL, NULL), 0, "it is copied");
	ok_int_equal(ask(asker, INBOX_BACKUP_END), 0, "the backup is ended");
	tap_ok(faccessat(from, "store/backup", F_OK, 0) < 0, "then it is gone");
}

/* What requests take by themselves on this machine, to compare with. */
static void measure(struct place *place)
{
	int64_t begun = now_ms();
	size_t before = acked_count;

	longest = 0;
	while (now_ms() - begun < MEASURED_MS) {
		while (under_way < WINDOW)
			submit_create(place->inbox, 1);
		wait_for(place->inbox, NULL);
	}
	tap_note("without a backup %zu are written in %d ms, and the longest request takes %lld ms",
		acked_count - before, MEASURED_MS, (long long)longest);
}

static void test_round(struct place *place)
{
	_cleanup_(freeing_memory) struct acked *list = NULL;
	struct place copy = { 0 };
	struct inbox *asker;
	size_t before;
	int64_t took;

	place_init(&copy);
	if (inbox_new(place->process.config, &asker) < 0)
		exit(1);
	while (under_way > 0) /* since the round before, while nobody looked */
		wait_for(place->inbox, NULL);
	before = acked_count;
	took = back_up(place, asker);
	tap_ok(took >= 0, "a backup is made while %zu more are written", acked_count - before);
	tap_note("it took %lld ms; the longest request took %lld ms meanwhile", (long long)took,
		(long long)longest);
	take_out(place, &copy, asker);
	inbox_free(asker);
	tap_ok(check(&copy), "the check finds nothing");
	list = copy_acked(before);
	compare(&copy, inbox_greeting(place->inbox)->epoch, list, before);
	store_process_release(&copy.process);
}

/* There is one copy at a time, and it is its asker's as long as that is connected. */
static void test_owner(struct place *place)
{
	char path[128];
	struct inbox *one, *other;
	int r;

	if (inbox_new(place->process.config, &one) < 0 ||
		inbox_new(place->process.config, &other) < 0)
		exit(1);
	snprintf(path, sizeof(path), "%s/store/backup", place->process.directory);
	ok_int_equal(ask(one, INBOX_BACKUP_END), 0, "what there is not is ended, too");
	ok_int_equal(ask(one, INBOX_BACKUP), 0, "a backup is made");
	ok_int_equal(ask(other, INBOX_BACKUP), INBOX_BUSY, "another has to wait");
	ok_int_equal(ask(other, INBOX_BACKUP_END), INBOX_BUSY, "and cannot end this one");
	ok_int_equal(ask(one, INBOX_BACKUP), 0, "its owner may have it made again");
	tap_ok(access(path, F_OK) == 0, "it is there");
	inbox_free(one);
	while ((r = ask(other, INBOX_BACKUP)) == INBOX_BUSY)
		poll(NULL, 0, 10);
	ok_int_equal(r, 0, "when that is gone another can be made");
	inbox_free(other);
}

/* A stop breaks a backup off. */
static void test_stop(struct place *place)
{
	struct inbox_request request = { .operation = INBOX_BACKUP };
	int result = 1000;
	int64_t begun;

	while (ask(place->inbox, INBOX_BACKUP_END) == INBOX_BUSY)
		poll(NULL, 0, 10); /* what the test before has left is being removed */
	if (inbox_submit(place->inbox, &request, on_done, &result) < 0 ||
		inbox_dispatch(place->inbox) < 0)
		exit(1);
	begun = now_ms();
	place_close(place);
	tap_note("with a backup under way it took %lld ms", (long long)(now_ms() - begun));
}

int main(void)
{
	struct place place = { 0 };

	place_init(&place);
	place_open(&place);
	fill(place.inbox, (size_t)setting("BACKUP_ROWS", 20000));
	measure(&place);
	for (long i = setting("BACKUP_ROUNDS", 4); i > 0; i--)
		test_round(&place);
	while (under_way > 0)
		wait_for(place.inbox, NULL);
	ok_int_equal(failed, 0, "no request failed");
	test_owner(&place);
	test_stop(&place);
	store_process_release(&place.process);
	free(acked);
	return tap_done();
}
