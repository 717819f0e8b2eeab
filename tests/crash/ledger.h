/*
 * What was asked of the store and what it acknowledged: the truth that its lists
 * are compared with.
 *
 * Every notification bears a number in its title, so one that is there twice, or
 * that nobody asked for, is told from all others. What one user's list must show
 * of it is a copy: a broadcast has one for each user.
 *
 * Changes of one copy follow one another, so that each has one outcome, and a change
 * of all copies of a user has no other beside it. Only creates run beside all
 * else: what is created while everything is marked as read may come out read or
 * unread, and what is created while everything is deleted may be there or not.
 */
#pragma once

#include "lib/uuid.h"
#include "tests/crash/setting.h"

enum { EVERYBODY = USERS };

enum reading { UNREAD, READ, EITHER };

/* What is being done to a copy and not yet answered. */
enum usage { UNUSED, MARKING, DELETING };

struct copy {
	uint8_t reading;
	uint8_t usage;
	bool deleted;
	bool vague; /* may be there or not */
	bool found; /* by this recount */
};

/* A change of all that a user has. */
enum bulk { NO_BULK, READ_ALL, DELETE_READ, DELETE_ALL, BULKS };

enum standing {
	WANTED,	      /* asked for, and will be until it is answered */
	ACKNOWLEDGED, /* must be there */
	REFUSED,      /* must not be there */
};

struct notice {
	struct uuid id; /* of what is acknowledged */
	uint32_t first; /* the number of the first that the same request creates */
	uint8_t standing;
	uint8_t user; /* or EVERYBODY */
	uint64_t begun;
	struct copy own;
	struct copy *copies; /* USERS of them; broadcasts only */
};

/* One user's list. */
struct account {
	uint32_t *numbers; /* all that was ever acknowledged */
	size_t count, size;
	unsigned changing;     /* changes of single notifications under way */
	enum bulk bulk;	       /* a change of all under way, … */
	size_t bulk_upto;      /* … and what was acknowledged before it began */
	uint64_t ended[BULKS]; /* when the last one of each kind was answered */
};

struct ledger {
	struct notice *notices; /* by their numbers */
	size_t count, size;
	uint64_t time;	  /* counts what begins and ends */
	bool everlasting; /* nothing that expires is to be asked for */
	struct account accounts[USERS];
};

void ledger_release(struct ledger *ledger);

/*
 * Writes down a request for one notification for each of these users, with numbers
 * from *ret_first on. Returns 0 or -ENOMEM.
 */
int ledger_want(struct ledger *ledger, const unsigned *users, size_t count, uint32_t *ret_first);

/* It was answered. 0 or -ENOMEM. */
int ledger_acknowledge(struct ledger *ledger, uint32_t number, const struct uuid *id);

/* It ends by itself, before the lists are read. */
void ledger_expire(struct ledger *ledger, uint32_t number);

/* It was answered that it is not done. */
void ledger_refuse(struct ledger *ledger, uint32_t number);

/* A user's copy of what was asked for. */
struct copy *ledger_copy(const struct ledger *ledger, uint32_t number, unsigned user);

/* Any of a user's that is there and to which nothing is being done; false if there is none. */
bool ledger_choose(const struct ledger *ledger, unsigned user, uint32_t *ret_number);

/* A change of one begins; false if one of all is under way. */
bool ledger_begin_change(struct ledger *ledger, unsigned user, uint32_t number, enum usage usage);

/* It was answered. */
void ledger_end_mark(struct ledger *ledger, unsigned user, uint32_t number, enum reading reading);
void ledger_end_delete(struct ledger *ledger, unsigned user, uint32_t number);

/* A change of all begins; false if there is any other under way. */
bool ledger_begin_bulk(struct ledger *ledger, unsigned user, enum bulk bulk);

/* It was answered. */
void ledger_end_bulk(struct ledger *ledger, unsigned user);

/* Whether a user's list must show it, whatever becomes of what is under way. */
bool ledger_is_expected(const struct ledger *ledger, unsigned user, uint32_t number);

/* What a comparison with the lists finds. */
struct findings {
	size_t listed;
	size_t lost;	   /* acknowledged, not there */
	size_t doubled;	   /* there more than once */
	size_t uninvited;  /* nobody asked for them, or they are in the wrong list */
	size_t revived;	   /* their deletion was acknowledged, or they have expired */
	size_t misread;	   /* read where unread was acknowledged, or the other way round */
	size_t partial;	   /* requests for several of which some are there, some not */
	size_t miscounted; /* users whose counts are not those of their list */
};

void ledger_begin_recount(struct ledger *ledger);

/* This is in a user's list. */
void ledger_find(struct ledger *ledger, unsigned user, uint32_t number, const struct uuid *id,
	bool read, struct findings *findings);

/* All lists have been read: what is missing? */
void ledger_end_recount(const struct ledger *ledger, struct findings *findings);
