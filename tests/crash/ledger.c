/* What was asked and acknowledged, see ledger.h. */
#include "tests/crash/ledger.h"

#include "lib/result.h"
#include "tests/crash/chance.h"

#include <errno.h>

enum {
	FIRST_SIZE = 1024,
	CHOICES = 8,  /* how often chance may meet one that cannot be taken */
	RECENT = 200, /* notifications of a user that are changed more often than older ones */
};

void ledger_release(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		free(ledger->notices[i].copies);
	free(ledger->notices);
	for (unsigned i = 0; i < USERS; i++)
		free(ledger->accounts[i].numbers);
	*ledger = (struct ledger){ 0 };
}

/* Makes room for one more. */
static int grow(void *array, size_t count, size_t *size, size_t element)
{
	size_t more = *size ? *size * 2 : FIRST_SIZE;
	void *grown;

	if (count < *size)
		return 0;
	grown = reallocarray(*(void **)array, more, element);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	*size = more;
	return 0;
}

static int append_notice(struct ledger *ledger, uint32_t first, unsigned user)
{
	struct notice notice = {
		.first = first,
		.user = (uint8_t)user,
		.begun = ledger->time,
	};
	int r = grow(&ledger->notices, ledger->count, &ledger->size, sizeof(notice));

	if (r < 0)
		return r;
	if (user == EVERYBODY) {
		notice.copies = calloc(USERS, sizeof(*notice.copies));
		if (!notice.copies)
			return -ENOMEM;
	}
	ledger->notices[ledger->count++] = notice;
	return 0;
}

int ledger_want(struct ledger *ledger, const unsigned *users, size_t count, uint32_t *ret_first)
{
	uint32_t first = (uint32_t)ledger->count;
	int r = 0;

	ledger->time++;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = append_notice(ledger, first, users[i]);
	if (r == 0)
		*ret_first = first;
	return r;
}

struct copy *ledger_copy(const struct ledger *ledger, uint32_t number, unsigned user)
{
	struct notice *notice = &ledger->notices[number];

	return notice->user == EVERYBODY ? &notice->copies[user] : &notice->own;
}

static bool concerns(const struct notice *notice, unsigned user)
{
	return notice->user == EVERYBODY || notice->user == user;
}

/* Whether such a change was under way while it was asked for. */
static bool has_met(const struct ledger *ledger, uint32_t number, const struct account *account,
	enum bulk bulk)
{
	return account->bulk == bulk || account->ended[bulk] > ledger->notices[number].begun;
}

/* Puts it into a user's list. */
static int enter(struct ledger *ledger, uint32_t number, unsigned user)
{
	struct account *account = &ledger->accounts[user];
	struct copy *copy = ledger_copy(ledger, number, user);
	int r = grow(&account->numbers, account->count, &account->size, sizeof(*account->numbers));

	if (r < 0)
		return r;
	account->numbers[account->count++] = number;
	if (has_met(ledger, number, account, READ_ALL))
		copy->reading = EITHER;
	copy->vague = has_met(ledger, number, account, DELETE_ALL) ||
		      (copy->reading == EITHER && has_met(ledger, number, account, DELETE_READ));
	return 0;
}

int ledger_acknowledge(struct ledger *ledger, uint32_t number, const struct uuid *id)
{
	struct notice *notice = &ledger->notices[number];
	int r = 0;

	notice->id = *id;
	notice->standing = ACKNOWLEDGED;
	for (unsigned user = 0; r == 0 && user < USERS; user++)
		if (concerns(notice, user))
			r = enter(ledger, number, user);
	return r;
}

void ledger_expire(struct ledger *ledger, uint32_t number)
{
	ledger->notices[number].own.deleted = true;
}

void ledger_refuse(struct ledger *ledger, uint32_t number)
{
	ledger->notices[number].standing = REFUSED;
}

bool ledger_choose(const struct ledger *ledger, unsigned user, uint32_t *ret_number)
{
	const struct account *account = &ledger->accounts[user];

	if (account->count == 0)
		return false;
	for (int i = 0; i < CHOICES; i++) {
		size_t among = account->count;
		const struct copy *copy;
		uint32_t number;

		if (among > RECENT && by_chance(1, 2))
			among = RECENT;
		number = account->numbers[account->count - 1 - pick((unsigned)among)];
		copy = ledger_copy(ledger, number, user);
		if (copy->deleted || copy->vague || copy->usage != UNUSED)
			continue;
		*ret_number = number;
		return true;
	}
	return false;
}

bool ledger_begin_change(struct ledger *ledger, unsigned user, uint32_t number, enum usage usage)
{
	struct account *account = &ledger->accounts[user];

	if (account->bulk != NO_BULK)
		return false;
	account->changing++;
	ledger_copy(ledger, number, user)->usage = (uint8_t)usage;
	return true;
}

static struct copy *end_change(struct ledger *ledger, unsigned user, uint32_t number)
{
	struct copy *copy = ledger_copy(ledger, number, user);

	ledger->accounts[user].changing--;
	copy->usage = UNUSED;
	return copy;
}

void ledger_end_mark(struct ledger *ledger, unsigned user, uint32_t number, enum reading reading)
{
	end_change(ledger, user, number)->reading = (uint8_t)reading;
}

void ledger_end_delete(struct ledger *ledger, unsigned user, uint32_t number)
{
	end_change(ledger, user, number)->deleted = true;
}

bool ledger_begin_bulk(struct ledger *ledger, unsigned user, enum bulk bulk)
{
	struct account *account = &ledger->accounts[user];

	if (account->bulk != NO_BULK || account->changing > 0)
		return false;
	account->bulk = bulk;
	account->bulk_upto = account->count;
	return true;
}

/* What became of a copy that was there when the change of all began. */
static void apply_bulk(struct copy *copy, enum bulk bulk)
{
	if (bulk == READ_ALL)
		copy->reading = READ;
	else if (bulk == DELETE_ALL || copy->reading == READ)
		copy->deleted = true;
	else if (copy->reading == EITHER)
		copy->vague = true;
}

void ledger_end_bulk(struct ledger *ledger, unsigned user)
{
	struct account *account = &ledger->accounts[user];

	for (size_t i = 0; i < account->bulk_upto; i++)
		apply_bulk(ledger_copy(ledger, account->numbers[i], user), account->bulk);
	account->ended[account->bulk] = ++ledger->time;
	account->bulk = NO_BULK;
}

void ledger_begin_recount(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		struct notice *notice = &ledger->notices[i];

		notice->own.found = false;
		for (unsigned user = 0; notice->copies && user < USERS; user++)
			notice->copies[user].found = false;
	}
}

/* Whether its being read, or not, contradicts what was acknowledged. */
static bool is_misread(const struct account *account, const struct copy *copy, bool read)
{
	if (copy->reading == EITHER || copy->vague || copy->usage != UNUSED)
		return false;
	if (account->bulk == READ_ALL && copy->reading == UNREAD)
		return false;
	return read != (copy->reading == READ);
}

bool ledger_is_expected(const struct ledger *ledger, unsigned user, uint32_t number)
{
	const struct account *account = &ledger->accounts[user];
	const struct copy *copy = ledger_copy(ledger, number, user);

	if (ledger->notices[number].standing != ACKNOWLEDGED || copy->deleted || copy->vague)
		return false;
	if (copy->usage == DELETING || account->bulk == DELETE_ALL)
		return false;
	return account->bulk != DELETE_READ || copy->reading == UNREAD;
}

static bool was_asked_for(const struct ledger *ledger, uint32_t number, unsigned user)
{
	return number < ledger->count && concerns(&ledger->notices[number], user) &&
	       ledger->notices[number].standing != REFUSED;
}

void ledger_find(struct ledger *ledger, unsigned user, uint32_t number, const struct uuid *id,
	bool read, struct findings *findings)
{
	const struct notice *notice;
	struct copy *copy;

	findings->listed++;
	if (!was_asked_for(ledger, number, user)) {
		findings->uninvited++;
		return;
	}
	notice = &ledger->notices[number];
	copy = ledger_copy(ledger, number, user);
	if (copy->found || (notice->standing == ACKNOWLEDGED && uuid_compare(&notice->id, id) != 0))
		findings->doubled++;
	else if (copy->deleted)
		findings->revived++;
	else if (notice->standing == ACKNOWLEDGED)
		findings->misread += is_misread(&ledger->accounts[user], copy, read);
	copy->found = true;
}

static void miss(const struct ledger *ledger, uint32_t number, unsigned user,
	struct findings *findings)
{
	const struct copy *copy = ledger_copy(ledger, number, user);
	const struct notice *notice = &ledger->notices[number];

	findings->lost += ledger_is_expected(ledger, user, number) && !copy->found;
	/* What one request creates is there as a whole or not at all */
	if (notice->standing != ACKNOWLEDGED)
		findings->partial += copy->found != ledger_copy(ledger, notice->first, 0)->found;
}

void ledger_end_recount(const struct ledger *ledger, struct findings *findings)
{
	for (uint32_t i = 0; i < ledger->count; i++)
		for (unsigned user = 0; user < USERS; user++)
			if (concerns(&ledger->notices[i], user))
				miss(ledger, i, user, findings);
}
