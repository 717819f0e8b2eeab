/* What the measurements of the push daemon share, see push_bench.h. */
#include "tests/bench/push_bench.h"

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

int bench_begin(struct bench *bench, const char *name, enum config_durability durability,
	unsigned silent_every, struct service *service, struct audience **ret_audience)
{
	struct audience_setting setting = {
		.clients = bench->clients,
		.ready = "\"type\":\"unread_count\"",
		.silent_every = silent_every,
	};
	int r = service_begin(service, bench->directory, name, durability);

	if (r == 0)
		r = make_heads(bench, instance_config(service->store));
	if (r == 0)
		r = service_start_pushd(service);
	if (r < 0)
		return r;
	setting.address = service->address;
	setting.heads = bench->heads;
	return audience_new(&setting, ret_audience);
}
