/* What was told, see truth.h. Of changes so old that they are not kept any more nothing is said. */
#include "tests/soak/truth.h"

#include "tests/tap.h"

#include <errno.h>

enum { TOLD_MAX = 10 /* contradictions are counted all, but not all told */ };

int truth_init(struct truth *truth)
{
	*truth = (struct truth){ 0 };
	truth->kept = calloc((size_t)TRUTH_USERS * TRUTH_KEPT, sizeof(*truth->kept));
	return truth->kept ? 0 : -ENOMEM;
}

void truth_release(struct truth *truth)
{
	free(take(truth->kept));
}

void truth_note(struct truth *truth, unsigned user, const struct counts *counts)
{
	struct counts *kept = &truth->kept[(size_t)user * TRUTH_KEPT + counts->seq % TRUTH_KEPT];

	if (truth->newest[user] < counts->seq)
		truth->newest[user] = counts->seq;
	if (kept->seq < counts->seq)
		*kept = *counts;
	if (kept->seq != counts->seq)
		return;
	truth->compared++;
	if (kept->unread == counts->unread && kept->unseen == counts->unseen)
		return;
	if (truth->contradicted++ < TOLD_MAX)
		tap_note("user %u, change %llu: %llu unread and %llu unseen, or %llu and %llu",
			user, (unsigned long long)counts->seq, (unsigned long long)kept->unread,
			(unsigned long long)kept->unseen, (unsigned long long)counts->unread,
			(unsigned long long)counts->unseen);
}

const char *truth_name(unsigned user, char text[static 16])
{
	snprintf(text, 16, "user%u", user);
	return text;
}
