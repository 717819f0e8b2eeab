/* Clients that speak for no user, see newcomers.h. */
#include "pushd/newcomers.h"

#include <errno.h>

/* The ends of the list stand for the neighbour that there is none of. */
static void link_in(struct newcomers *newcomers, struct newcomer *newcomer)
{
	newcomer->list = newcomers;
	newcomer->older = newcomers->newest;
	newcomer->newer = NULL;
	*(newcomers->newest ? &newcomers->newest->newer : &newcomers->oldest) = newcomer;
	newcomers->newest = newcomer;
	newcomers->count++;
}

static void link_out(struct newcomer *newcomer)
{
	struct newcomers *newcomers = newcomer->list;

	*(newcomer->older ? &newcomer->older->newer : &newcomers->oldest) = newcomer->newer;
	*(newcomer->newer ? &newcomer->newer->older : &newcomers->newest) = newcomer->older;
	newcomers->count--;
}

int newcomers_add(struct newcomers *newcomers, struct session *session)
{
	struct newcomer *newcomer = session->newcomer;

	if (newcomer) {
		link_out(newcomer);
		buffer_release(&newcomer->head);
	} else {
		newcomer = calloc(1, sizeof(*newcomer));
		if (!newcomer)
			return -ENOMEM;
		newcomer->session = session;
		session->newcomer = newcomer;
	}
	link_in(newcomers, newcomer);
	return 0;
}

void newcomers_remove(struct session *session)
{
	struct newcomer *newcomer = take(session->newcomer);

	if (!newcomer)
		return;
	link_out(newcomer);
	buffer_release(&newcomer->head);
	free(newcomer);
}

struct session *newcomers_oldest(const struct newcomers *newcomers)
{
	return newcomers->oldest ? newcomers->oldest->session : NULL;
}
