/* The store with a large inbox, see store_bench.h. Filling takes a while, so it is done once. */
#include "tests/bench/store_bench.h"

#include <errno.h>

/* The inbox that is being filled. */
struct filling {
	struct workload_create create;
	long left, total, answered;
	struct uuid *ids;
	size_t *id_count;
};

static const struct inbox_request *next_create(void *context)
{
	struct filling *filling = context;

	return filling->left-- > 0 ? &filling->create.request : NULL;
}

/* Keeps some identifiers, at equal distances. */
static void keep_id(void *context, struct inbox_answer *answer)
{
	struct filling *filling = context;
	long distance = filling->total / SOME_IDS + 1;

	if (filling->answered++ % distance == 0)
		filling->ids[(*filling->id_count)++] = answer->next;
}

static int fill_inbox(struct filled *filled, struct crowd *crowd, enum inbox_size size, long total)
{
	struct filling filling = {
		.left = total,
		.total = total,
		.ids = filled->ids[size],
		.id_count = &filled->id_count[size],
	};
	struct crowd_plan plan = {
		.next = next_create,
		.answered = keep_id,
		.context = &filling,
	};

	workload_request(&filling.create, slice_of(filled->names[size]));
	return crowd_run(crowd, &plan, NULL);
}

static int fill_both(const struct bench *bench, struct filled *filled)
{
	_cleanup_(freeing_crowd_free) struct crowd *crowd = NULL;
	int r = bench_new_filler(filled->instance, &crowd);

	report_note(&bench->report, "filling an inbox with %ld notifications", bench->inbox);
	if (r == 0)
		r = fill_inbox(filled, crowd, SMALL, SMALL_INBOX);
	return r == 0 ? fill_inbox(filled, crowd, LARGE, bench->inbox) : r;
}

DEFINE_CLEANUP(struct filled *, filled_free)

int bench_filled(struct bench *bench, struct filled **ret_filled)
{
	_cleanup_(freeing_filled_free) struct filled *filled = NULL;
	int r;

	if (bench->filled) {
		*ret_filled = bench->filled;
		return 0;
	}
	filled = calloc(1, sizeof(*filled));
	if (!filled)
		return -ENOMEM;
	workload_name("small", 0, filled->names[SMALL]);
	workload_name("large", 0, filled->names[LARGE]);
	r = instance_new(bench->directory, "filled", DURABILITY_WRITE, &filled->instance);
	if (r == 0)
		r = instance_start(filled->instance);
	if (r == 0)
		r = inbox_new(instance_config(filled->instance), &filled->inbox);
	if (r == 0)
		r = fill_both(bench, filled);
	if (r < 0)
		return r;
	*ret_filled = bench->filled = take(filled);
	return 0;
}

struct filled *filled_free(struct filled *filled)
{
	if (!filled)
		return NULL;
	inbox_free(filled->inbox);
	instance_free(filled->instance);
	free(filled);
	return NULL;
}
