/*
 * The notification: its rules (tidings-protocol, "The notification"), its JSON
 * and its bytes.
 *
 * A request to create one is read once, into a draft, by the program that faces
 * the web. From then on what the publisher said travels as `content`: a run of
 * JSON members, validated and canonical, without the braces around them. Who
 * shows a notification puts the identifier, the times and the read state around
 * that, and no later program parses the text again.
 */
#pragma once

#include "lib/buffer.h"
#include "lib/codec.h"
#include "lib/slice.h"
#include "lib/uuid.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	NOTIFICATION_USER_MAX = 255,	  /* bytes */
	NOTIFICATION_TITLE_MAX = 200,	  /* characters (Unicode code points) */
	NOTIFICATION_MESSAGE_MAX = 1000,  /* characters */
	NOTIFICATION_LINK_MAX = 2048,	  /* bytes */
	NOTIFICATION_DATA_MAX = 4096,	  /* bytes, serialised without white space */
	NOTIFICATION_CATEGORY_MAX = 64,	  /* bytes */
	NOTIFICATION_CONTENT_MAX = 32768, /* bytes: above what all of them can come to, escaped */
};

enum notification_type {
	NOTIFICATION_INFO,
	NOTIFICATION_SUCCESS,
	NOTIFICATION_WARNING,
	NOTIFICATION_ERROR,
	NOTIFICATION_TYPES,
};

/* The type's name in JSON, a constant string. */
const char *notification_type_name(enum notification_type type);

/* Returns 0 or -EINVAL. */
int notification_type_parse(struct slice name, enum notification_type *ret_type);

/* 1 to 255 bytes of valid UTF-8 without control characters. */
bool notification_user_valid(struct slice user);

/* 1 to 64 of a-z 0-9 . _ - */
bool notification_category_valid(struct slice category);

/* What is wrong with one member of a request. */
struct problem {
	char field[64];	      /* the member's name, cut if it is longer; "" is the whole */
	const char *sentence; /* a constant: what the member must be */
};

/* All that is wrong with a request, up to a bound. A zeroed struct is empty. */
struct problems {
	size_t count;
	struct problem list[16];
};

/* Adds one; once the list is full further ones are dropped. */
void problems_add(struct problems *problems, struct slice field, const char *sentence);

/* A notification as a publisher asks for it: valid, not yet stored. */
struct draft {
	struct slice user; /* empty in a broadcast */
	struct slice category;
	struct slice content;
	enum notification_type type;
	int64_t expires; /* milliseconds since the epoch; 0 = never */
	void *memory;	 /* what the slices point into */
};

enum draft_kind { DRAFT_FOR_USER, DRAFT_BROADCAST };

struct json_object;

enum { DRAFT_INVALID = 1 };

/*
 * Reads and checks the JSON text of one notification. `now` is what expiresAt
 * must lie after. Returns 0 and a draft that draft_release() frees,
 * DRAFT_INVALID with at least one entry in *problems, or -ENOMEM.
 */
int draft_parse(struct slice json, enum draft_kind kind, int64_t now, struct problems *problems,
	struct draft *ret_draft);

void draft_release(struct draft *draft);

/* A stored notification. Slices point into memory that the giver names. */
struct notification {
	struct uuid id;
	enum notification_type type;
	bool broadcast;
	int64_t created; /* all three: milliseconds since the epoch */
	int64_t read;	 /* 0 = unread */
	int64_t expires; /* 0 = never */
	struct slice category;
	struct slice content;
};

/* Appends the JSON object of the contract. */
void notification_format(struct buffer *to, const struct notification *notification);

/* Appends all members but the id, for a row or a message; the inverse reads them. */
void notification_encode(struct buffer *to, const struct notification *notification);
void notification_decode(struct decoder *from, struct notification *ret_notification);
