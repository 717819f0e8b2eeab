/* Whom the daemon has turned away, see refusals.h. */
#include "pushd/refusals.h"

#include "pushd/hub.h"

/* The entry of this user; else a free one; else the oldest. */
static struct refusal *place_for(struct refusals *refusals, uint32_t user)
{
	struct refusal *place = refusals->list;

	for (size_t i = 0; i < REFUSALS_MAX; i++) {
		struct refusal *refusal = &refusals->list[i];

		if (!refusal->code || refusal->user == user)
			return refusal;
		if (refusal->when < place->when)
			place = refusal;
	}
	return place;
}

/* Entries are never freed, so that a free one has only free ones behind it. */
void refusals_note(struct refusals *refusals, uint32_t user, const char *code, uint32_t now)
{
	*place_for(refusals, user) = (struct refusal){ code, user, now };
}

const struct refusal *refusals_find(const struct refusals *refusals, uint32_t user)
{
	for (size_t i = 0; i < REFUSALS_MAX && refusals->list[i].code; i++)
		if (refusals->list[i].user == user)
			return &refusals->list[i];
	return NULL;
}

const char *refusals_word(unsigned close_code)
{
	static const struct {
		unsigned code;
		const char *word;
	} words[] = {
		{ WEBSOCKET_TRY_AGAIN, "unavailable" },
		{ CLOSE_FORBIDDEN, "disconnected" },
		{ CLOSE_TIMEOUT, "timeout" },
		{ CLOSE_TOO_MANY_CONNECTIONS, "too_many_connections" },
		{ CLOSE_TOO_MANY_MESSAGES, "too_many_messages" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (words[i].code == close_code)
			return words[i].word;
	return NULL;
}
