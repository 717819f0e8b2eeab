/* The workload, see workload.h. */
#include "tests/bench/workload.h"

/* Coprime to the number of users: its multiples go through all of them. */
enum { STRIDE = 7919 };

static const char content[] =
	"\"title\":\"The nightly build is done\","
	"\"message\":\"Build 4711 of the main branch took 12 minutes; all 2345 tests passed.\","
	"\"link\":\"/builds/4711\"";

unsigned workload_user(uint64_t number)
{
	return (unsigned)(number * STRIDE % WORKLOAD_USERS);
}

struct slice workload_name(const char *kind, uint64_t number, char text[static WORKLOAD_NAME])
{
	snprintf(text, WORKLOAD_NAME, "%s-%08llu", kind, (unsigned long long)number);
	return slice_of(text);
}

struct draft workload_draft(struct slice user)
{
	return (struct draft){
		.user = user,
		.type = NOTIFICATION_INFO,
		.category = SLICE("builds"),
		.content = SLICE(content),
	};
}

void workload_request(struct workload_create *create, struct slice user)
{
	create->draft = workload_draft(user);
	create->request = (struct inbox_request){
		.operation = user.len > 0 ? INBOX_CREATE : INBOX_BROADCAST,
		.drafts = &create->draft,
		.draft_count = 1,
	};
}

void workload_create(struct workload_create *create, uint64_t number)
{
	workload_request(create, workload_name("user", workload_user(number), create->user));
}
