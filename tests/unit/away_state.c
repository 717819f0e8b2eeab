/*
 * What tidings-away remembers: what was saved is there again, whatever the end of the file has
 * become, and nobody else can have it meanwhile.
 */
#include "away/record.h"
#include "away/state.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static char directory[] = "/tmp/tidings-away.XXXXXX";
static char file[64], new_file[64];

static struct uuid number(unsigned n)
{
	const uint8_t zeros[UUID_RANDOM_BYTES] = { 0 };

	return uuid_of(1000 + n, zeros);
}

static struct waiting *add(struct agenda *agenda, const char *user, unsigned n)
{
	struct waiting *waiting;

	if (agenda_get(agenda, slice_of(user), 100 + n, &waiting) < 0)
		abort();
	waiting->from = number(n);
	waiting->upto = number(n + 9);
	agenda_touch(agenda, waiting);
	return waiting;
}

static struct waiting *find(struct agenda *agenda, const char *user)
{
	size_t users = agenda->users;
	struct waiting *waiting;

	if (agenda_get(agenda, slice_of(user), 0, &waiting) < 0)
		abort();
	return agenda->users == users ? waiting : NULL;
}

static void remove_user(struct agenda *agenda, const char *user)
{
	struct waiting *waiting = find(agenda, user);

	agenda_take(agenda, waiting);
	agenda_remove(agenda, waiting);
}

static struct state *open_it(struct agenda *agenda, struct progress *progress, size_t *dropped)
{
	struct state *state = NULL;

	ok_int_equal(state_open(directory, agenda, progress, &state, dropped), 0,
		"the state is opened");
	return state;
}

static off_t file_size(void)
{
	struct stat status;

	return stat(file, &status) < 0 ? -1 : status.st_size;
}

static void test_empty(void)
{
	struct agenda agenda = { 0 };
	struct progress progress = { 0 };
	struct state *second = NULL;
	size_t dropped;
	struct state *state = open_it(&agenda, &progress, &dropped);

	tap_ok(agenda.users == 0 && progress.file == 0 && dropped == 0,
		"nothing is remembered yet");
	ok_int_equal(state_open(directory, &agenda, &progress, &second, &dropped), -EBUSY,
		"no other can have it");
	ok_int_equal(state_save(state, &agenda, &progress), 0, "nothing is saved");
	ok_int_equal(file_size(), 15 + 8 + 21, "as the head and how far was read");
	state_close(state);
	ok_int_equal(state_open("/nonexistent", &agenda, &progress, &second, &dropped), -ENOENT,
		"a directory that is not there is told");
}

/* Leaves alice and bob, of whom a delivery is not done with. */
static void test_saving(void)
{
	struct agenda agenda = { 0 };
	struct progress progress = { 0 };
	size_t dropped;
	struct state *state = open_it(&agenda, &progress, &dropped);
	struct waiting *bob;
	off_t before;

	add(&agenda, "alice", 1);
	bob = add(&agenda, "bob", 2);
	add(&agenda, "carol", 3);
	state_save(state, &agenda, &progress);
	bob->delivery = number(77);
	bob->last = number(5);
	bob->tries = 4;
	agenda_touch(&agenda, bob);
	remove_user(&agenda, "carol");
	progress = (struct progress){ 7, number(12), true };
	before = file_size();
	ok_int_equal(state_save(state, &agenda, &progress), 0, "changes are saved");
	tap_ok(file_size() > before, "behind what is there");
	tap_ok(!agenda.changed && !progress.changed, "and count as saved");
	before = file_size();
	state_save(state, &agenda, &progress);
	ok_int_equal(file_size(), before, "what has not changed is not saved again");
	state_close(state);
	agenda_release(&agenda);
}

static void check_saved(struct agenda *agenda, const struct progress *progress, const char *when)
{
	struct waiting *alice = find(agenda, "alice"), *bob = find(agenda, "bob");
	struct uuid from = number(1), delivery = number(77), last = number(5), seen = number(12);

	ok_int_equal(agenda->users, 2, "%s: those who were left are there", when);
	if (!alice || !bob) {
		tap_ok(false, "%s: by their names", when);
		return;
	}
	tap_ok(uuid_compare(&alice->from, &from) == 0 && alice->due == 101 &&
			!waiting_has_delivery(alice),
		"%s: alice", when);
	tap_ok(uuid_compare(&bob->delivery, &delivery) == 0 &&
			uuid_compare(&bob->last, &last) == 0 && bob->tries == 4,
		"%s: bob with the delivery", when);
	tap_ok(progress->file == 7 && uuid_compare(&progress->seen, &seen) == 0,
		"%s: how far was read", when);
	tap_ok(agenda_first(agenda) == alice, "%s: in their order", when);
}

static void test_loading(void)
{
	struct agenda agenda = { 0 };
	struct progress progress = { 0 };
	size_t dropped;
	struct state *state = open_it(&agenda, &progress, &dropped);

	check_saved(&agenda, &progress, "the next time");
	ok_int_equal(dropped, 0, "all of it was understood");
	state_close(state);
	agenda_release(&agenda);
}

/* However short the file has become, what is there is a state of before. */
static void test_cuts(void)
{
	unsigned opened = 0, users = 0;
	off_t size = file_size();

	for (off_t len = size; len >= 15; len--) {
		struct agenda agenda = { 0 };
		struct progress progress = { 0 };
		struct state *state = NULL;
		size_t dropped;

		if (truncate(file, len) < 0)
			abort();
		opened += state_open(directory, &agenda, &progress, &state, &dropped) == 0;
		users += agenda.users <= 3;
		state_close(state);
		agenda_release(&agenda);
	}
	ok_int_equal(opened, size - 14, "a file that was cut anywhere can be read");
	ok_int_equal(users, size - 14, "up to there");
}

static void test_failures(void)
{
	struct agenda agenda = { 0 };
	struct progress progress = { 0 };
	size_t dropped;
	struct state *state = open_it(&agenda, &progress, &dropped);

	add(&agenda, "alice", 1);
	mkdir(new_file, 0700);
	ok_int_equal(state_save(state, &agenda, &progress), -EISDIR,
		"what cannot be written is told");
	tap_ok(agenda.changed, "and does not count as saved");
	rmdir(new_file);
	ok_int_equal(state_save(state, &agenda, &progress), 0, "it is written when it can be");
	tap_ok(!agenda.changed, "and counts then");
	state_close(state);
	agenda_release(&agenda);
	unlink(file);
	close(open(file, O_WRONLY | O_CREAT, 0600));
	ok_int_equal(state_open(directory, &agenda, &progress, &state, &dropped), -EPROTONOSUPPORT,
		"a file without our head is none of ours");
}

/* The file does not grow with the number of times that something is saved. */
static void test_size(void)
{
	struct agenda agenda = { 0 };
	struct progress progress = { 0 };
	struct state *state;
	struct waiting *waiting;
	off_t largest = 0;
	size_t dropped;

	unlink(file);
	state = open_it(&agenda, &progress, &dropped);
	waiting = add(&agenda, "alice", 1);
	for (unsigned i = 0; i < 4000; i++) {
		waiting->tries = i;
		agenda_touch(&agenda, waiting);
		state_save(state, &agenda, &progress);
		largest = file_size() > largest ? file_size() : largest;
	}
	tap_ok(largest < 300000, "a file of one user stays small, however often it is saved");
	state_close(state);
	agenda_release(&agenda);
	state = open_it(&agenda, &progress, &dropped);
	ok_int_equal(find(&agenda, "alice")->tries, 3999, "and has what was saved last");
	state_close(state);
	agenda_release(&agenda);
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	snprintf(file, sizeof(file), "%s/state", directory);
	snprintf(new_file, sizeof(new_file), "%s/state.new", directory);
	test_empty();
	test_saving();
	test_loading();
	test_cuts();
	test_failures();
	test_size();
	unlink(file);
	rmdir(directory);
	return tap_done();
}
