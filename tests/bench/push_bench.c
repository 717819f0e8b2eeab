/* What the measurements of the push daemon share, see push_bench.h. */
#include "tests/bench/push_bench.h"

#include <errno.h>

enum { ANSWER_MS = 60000 /* a store that does not answer for so long has failed */ };

unsigned bench_rounds(const struct bench *bench)
{
	return bench->seconds > 0 ? ROUNDS : 1;
}

/* The heads are made when the first configuration with the key is there. */
static int make_heads(struct bench *bench, const struct config *config)
{
	if (bench->heads)
		return 0;
	report_note(&bench->report, "signing the tokens of %u users", bench->clients);
	return heads_new(config, bench->clients, &bench->heads);
}

int bench_begin_service(struct bench *bench, const char *name, enum config_durability durability,
	struct service *service)
{
	int r = service_begin(service, bench->directory, name, durability);

	if (r == 0)
		r = make_heads(bench, instance_config(service->store));
	if (r == 0)
		r = service_start_pushd(service);
	return r == 0 ? service_await_pushd(service, heads_get(bench->heads, 0)) : r;
}

int bench_begin(struct bench *bench, const char *name, enum config_durability durability,
	unsigned silent_every, struct stage *stage)
{
	struct audience_setting setting = {
		.clients = bench->clients,
		.ready = "\"type\":\"unread_count\"",
		.silent_every = silent_every,
	};
	int r = bench_begin_service(bench, name, durability, &stage->service);

	if (r < 0)
		return r;
	setting.address = stage->service.address;
	setting.heads = bench->heads;
	return audience_new(&setting, &stage->audience);
}

void stage_release(struct stage *stage)
{
	stage->audience = audience_free(stage->audience);
	service_release(&stage->service);
}

void bench_stamp(struct stamped *stamped, struct slice user, int64_t time, unsigned more)
{
	char stamp[STAMP_LEN + 1];
	int n;

	memcpy(stamped->user, user.data ? user.data : "", user.len);
	n = snprintf(stamped->content, sizeof(stamped->content),
		"\"title\":\"The nightly build is done\","
		"\"message\":\"%s: all 2345 tests of the main branch passed.\","
		"\"link\":\"/builds/4711\"%s%*s%s",
		stamp_write(time, stamp), more > 0 ? ",\"data\":{\"text\":\"" : "", (int)more, "",
		more > 0 ? "\"}" : "");
	stamped->draft = (struct draft){
		.user = { stamped->user, user.len },
		.type = NOTIFICATION_INFO,
		.content = { stamped->content, (size_t)n },
	};
	stamped->request = (struct inbox_request){
		.operation = user.len > 0 ? INBOX_CREATE : INBOX_BROADCAST,
		.drafts = &stamped->draft,
		.draft_count = 1,
	};
}

int bench_call(struct inbox *inbox, const struct inbox_request *request)
{
	struct inbox_answer answer;
	int r = inbox_call(inbox, request, ANSWER_MS, &answer);

	if (r == 0)
		inbox_answer_release(&answer);
	return r > 0 ? -EPROTO : r;
}
