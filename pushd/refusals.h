/*
 * Whom the daemon has turned away last, and why: for an administrator who is asked why
 * somebody hears nothing. Each user has one entry, and there are REFUSALS_MAX: the oldest makes
 * room. Only who was named by a token with a right signature gets one.
 *
 * A user is known here by a hash: two who have the same one, a chance of one in sixteen million,
 * would be told each other's refusal.
 */
#pragma once

#include <stdint.h>

enum { REFUSALS_MAX = 256 };

struct refusal {
	const char *code; /* a constant; NULL = this entry is free */
	uint32_t user;	  /* as registry_hash() has it */
	uint32_t when;	  /* seconds of the loop's clock */
};

/* Zeroed: nobody was. */
struct refusals {
	struct refusal list[REFUSALS_MAX];
};

/* `code` must live for ever. */
void refusals_note(struct refusals *refusals, uint32_t user, const char *code, uint32_t now);

/* NULL if there was none, or it is long ago. */
const struct refusal *refusals_find(const struct refusals *refusals, uint32_t user);

/* The word for a close code of ours that turns a user away; NULL for any other. */
const char *refusals_word(unsigned close_code);
