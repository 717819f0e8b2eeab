/* A store in a temporary directory, see store_fixture.h. */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <ftw.h>
#include <string.h>

static void give_up(const char *what, int r)
{
	printf("Bail out! %s: %s\n", what, strerror(-r));
	exit(1);
}

static void open_store(struct fixture *fixture)
{
	int r = store_open(&fixture->config, &fixture->store);

	if (r < 0)
		give_up("store_open", r);
}

void fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	strcpy(fixture->home, "/tmp/tidings-store.XXXXXX");
	if (!mkdtemp(fixture->home))
		give_up("mkdtemp", -errno);
	fixture->config.store.home = fixture->home;
	fixture->config.store.cache = 8 << 20;
	fixture->config.store.log_keep_hours = 24;
	open_store(fixture);
}

void fixture_reopen(struct fixture *fixture)
{
	store_close(fixture->store);
	open_store(fixture);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void fixture_close(struct fixture *fixture)
{
	store_close(fixture->store);
	buffer_release(&fixture->reply.items);
	nftw(fixture->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int fixture_do(struct fixture *fixture, const struct inbox_request *request)
{
	int r, committed;

	if (!store_operation_writes(request->operation)) {
		r = store_execute(fixture->store, request, &fixture->reply);
		if (r != STORE_STRANGER)
			return r;
	}
	r = store_begin(fixture->store);
	if (r == 0)
		r = store_execute(fixture->store, request, &fixture->reply);
	if (r < 0) {
		store_abort(fixture->store);
		return r;
	}
	committed = store_commit(fixture->store);
	return committed < 0 ? committed : r;
}

int fixture_run(struct fixture *fixture, enum inbox_operation operation, const char *user)
{
	struct inbox_request request = { .operation = operation, .user = slice_of(user) };

	return fixture_do(fixture, &request);
}

int fixture_mark(struct fixture *fixture, enum inbox_operation operation, const char *user,
	const struct uuid *id)
{
	struct inbox_request request = {
		.operation = operation,
		.user = slice_of(user),
		.id = *id,
	};

	return fixture_do(fixture, &request);
}

int fixture_create(struct fixture *fixture, const char *user, enum notification_type type,
	const char *category, struct uuid *ret_id)
{
	struct draft draft = {
		.user = slice_of(user),
		.type = type,
		.category = slice_of(category),
		.content = SLICE("\"title\":\"t\",\"message\":\"m\""),
	};
	struct inbox_request request = {
		.operation = INBOX_CREATE,
		.drafts = &draft,
		.draft_count = 1,
	};
	int r = fixture_do(fixture, &request);

	if (r != 0)
		return r;
	*ret_id = fixture->reply.answer.next;
	return fixture_run(fixture, INBOX_COUNT, user);
}

struct inbox_answer fixture_answer(const struct fixture *fixture)
{
	struct inbox_answer answer = fixture->reply.answer;

	answer.at = decoder_of(fixture->reply.items.data, fixture->reply.items.len);
	return answer;
}

void fixture_sweep(struct fixture *fixture)
{
	int r;

	store_keep_house(fixture->store);
	do
		r = store_work(fixture->store);
	while (r == 0);
	if (r < 0)
		give_up("store_work", r);
}
