/* Random kills, see killer.h. */
#include "tests/crash/killer.h"

#include "tests/crash/chance.h"
#include "tests/tap.h"

enum { AGAIN_US = 40000 /* at most, until it is killed again */ };

static const struct {
	const char *name;
	unsigned weight;
} victims[VICTIMS] = {
	[VICTIM_WORKER] = { "one worker", 20 },
	[VICTIM_WORKERS] = { "several workers", 10 },
	[VICTIM_PARENT] = { "their parent", 15 },
	[VICTIM_STORED] = { "tidings-stored", 20 },
	[VICTIM_STORED_AGAIN] = { "tidings-stored twice", 15 },
	[VICTIM_PUSHD] = { "tidings-pushd", 5 },
	[VICTIM_SEVERAL] = { "several programs", 15 },
};

static enum victim choose_victim(void)
{
	unsigned total = 0, chosen;
	enum victim victim = 0;

	for (unsigned i = 0; i < VICTIMS; i++)
		total += victims[i].weight;
	chosen = pick(total);
	while (chosen >= victims[victim].weight)
		chosen -= victims[victim++].weight;
	return victim;
}

/* Half to one and a half of the interval, so that no kill comes when it could be foreseen. */
static void wait_for_next(struct killer *killer)
{
	killer->next = monotonic_us() + killer->interval / 2 + pick((unsigned)killer->interval);
}

void killer_set_up(struct killer *killer, struct programs *programs, int64_t interval)
{
	*killer = (struct killer){ .programs = programs, .interval = interval };
	wait_for_next(killer);
}

int64_t killer_due(const struct killer *killer)
{
	return killer->again > 0 && killer->again < killer->next ? killer->again : killer->next;
}

static void kill_program(struct killer *killer, enum program which)
{
	programs_read_notes(killer->programs);
	killer->while_starting += which == STORED && !killer->programs->serving;
	programs_kill(killer->programs, which);
	killer->kills++;
}

static void kill_workers(struct killer *killer, unsigned at_most)
{
	pid_t workers[WORKERS_MAX];
	unsigned count = programs_find_workers(killer->programs, workers);

	for (unsigned i = 0; i < at_most && count > 0; i++) {
		unsigned chosen = pick(count);

		killer->kills += programs_kill_worker(killer->programs, workers[chosen]);
		workers[chosen] = workers[--count];
	}
}

/* Each with a chance of its own; all are dead before one is started again. */
static void kill_several(struct killer *killer)
{
	for (enum program i = 0; i < PROGRAMS; i++)
		if (by_chance(2, 3))
			kill_program(killer, i);
	if (by_chance(1, 2))
		kill_workers(killer, 1 + pick(WORKERS));
}

static int start_missing(struct programs *programs)
{
	int r = 0;

	for (enum program i = 0; r == 0 && i < PROGRAMS; i++)
		if (programs->pids[i] == 0)
			r = programs_start(programs, i);
	return r;
}

static void kill_victim(struct killer *killer, enum victim victim)
{
	switch (victim) {
	case VICTIM_WORKER:
		kill_workers(killer, 1);
		break;
	case VICTIM_WORKERS:
		kill_workers(killer, 2 + pick(WORKERS - 1));
		break;
	case VICTIM_PARENT:
		kill_program(killer, API);
		break;
	case VICTIM_STORED_AGAIN:
		killer->again = monotonic_us() + 1 + pick(AGAIN_US);
		kill_program(killer, STORED);
		break;
	case VICTIM_PUSHD:
		kill_program(killer, PUSHD);
		break;
	case VICTIM_SEVERAL:
		kill_several(killer);
		break;
	default:
		kill_program(killer, STORED);
		break;
	}
}

int killer_act(struct killer *killer)
{
	int64_t now = monotonic_us();

	if (killer->again > 0 && killer->again <= now) {
		killer->again = 0;
		kill_program(killer, STORED);
	}
	if (killer->next <= now) {
		enum victim victim = choose_victim();

		killer->counts[victim]++;
		kill_victim(killer, victim);
		wait_for_next(killer);
	}
	return start_missing(killer->programs);
}

void killer_note(const struct killer *killer)
{
	for (unsigned i = 0; i < VICTIMS; i++)
		tap_note("killed %u times: %s", killer->counts[i], victims[i].name);
	tap_note("%u processes in all; tidings-stored %u times before it had started",
		killer->kills, killer->while_starting);
}
