/*
 * Batches of drafts, see draft_batch.h.
 *
 * The text is cut into its elements first, and each is read by itself. So there is
 * never more than one of them as JSON objects, which take many times their text,
 * and the elements' own rules (no member twice, how deep) are those of a single
 * notification.
 */
#include "lib/draft_batch.h"

#include "lib/inbox.h"
#include "lib/json.h"

#include <errno.h>
#include <stdio.h>

static const char MEMBER[] = "notifications";
static const char SHAPE_RULE[] = "must be an object with the one member notifications, an array";
static const char COUNT_RULE[] = "must be an array of 1 to 1000 notifications";

static int reject(struct problems *problems, const char *field, const char *sentence)
{
	problems_add(problems, slice_of(field), sentence);
	return DRAFT_INVALID;
}

/* What is wrong with element number `index`, by its place in the batch. */
static void add_problems(struct problems *problems, unsigned index, const struct problems *found)
{
	char field[sizeof(found->list[0].field) + 32];

	for (size_t i = 0; i < found->count; i++) {
		const struct problem *problem = &found->list[i];

		snprintf(field, sizeof(field), "%s[%u]%s%s", MEMBER, index,
			*problem->field ? "." : "", problem->field);
		problems_add(problems, slice_of(field), problem->sentence);
	}
}

static int read_element(struct slice json, unsigned index, int64_t now, struct problems *problems,
	struct draft_batch *batch)
{
	struct problems found = { 0 };
	int r = draft_parse(json, DRAFT_FOR_USER, now, &found, &batch->drafts[batch->count]);

	if (r == 0)
		batch->count++;
	else
		add_problems(problems, index, &found);
	return r;
}

/* Goes on behind one that is not valid, until there is no room for more problems. */
static int read_elements(struct slice elements, int64_t now, struct problems *problems,
	struct draft_batch *batch)
{
	struct slice element;
	unsigned index = 0;
	int r;

	while (json_next_element(&elements, &element)) {
		if (index == INBOX_DRAFTS_MAX)
			return reject(problems, MEMBER, COUNT_RULE);
		r = read_element(element, index++, now, problems, batch);
		if (r < 0)
			return r;
		if (problems->count == ARRAY_LENGTH(problems->list))
			return DRAFT_INVALID;
	}
	if (index == 0)
		return reject(problems, MEMBER, COUNT_RULE);
	return problems->count > 0 ? DRAFT_INVALID : 0;
}

int draft_batch_parse(struct slice json, int64_t now, struct problems *problems,
	struct draft_batch *ret_batch)
{
	_cleanup_(draft_batch_release) struct draft_batch batch = { 0 };
	struct slice elements;
	int r = json_open_array(json, MEMBER, &elements);

	if (r == -ENOENT)
		return reject(problems, "", SHAPE_RULE);
	if (r > 0)
		return reject(problems, "", json_problem((enum json_error)r));
	batch.drafts = calloc(INBOX_DRAFTS_MAX, sizeof(*batch.drafts));
	if (!batch.drafts)
		return -ENOMEM;
	r = read_elements(elements, now, problems, &batch);
	if (r == 0)
		*ret_batch = take(batch);
	return r;
}

int draft_batch_parse_one(struct slice json, enum draft_kind kind, int64_t now,
	struct problems *problems, struct draft_batch *ret_batch)
{
	_cleanup_(draft_batch_release) struct draft_batch batch = {
		.drafts = calloc(1, sizeof(*batch.drafts)),
	};
	int r;

	if (!batch.drafts)
		return -ENOMEM;
	r = draft_parse(json, kind, now, problems, &batch.drafts[0]);
	if (r != 0)
		return r;
	batch.count = 1;
	*ret_batch = take(batch);
	return 0;
}

void draft_batch_release(struct draft_batch *batch)
{
	while (batch->count > 0)
		draft_release(&batch->drafts[--batch->count]);
	free(batch->drafts);
	batch->drafts = NULL;
}
