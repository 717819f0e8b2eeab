/*
 * The second pass of tidings import: entries by the hundred, a few requests under
 * way at a time.
 *
 * Whatever comes without an id is given one here: of its time and of what it says,
 * so that it has the same id when the import is done again, and is not stored
 * twice. That holds for a request that is sent again, too.
 */
#include "lib/digest.h"
#include "cli/import.h"
#include "cli/pump.h"

#include <errno.h>
#include <inttypes.h>

enum {
	WINDOW = 4,	       /* requests */
	BATCH_ENTRIES = 250,   /* of a request: the store does nothing else meanwhile */
	BATCH_BYTES = 1 << 20, /* enough for a request, far below what the store takes */
};

_Static_assert((int)BATCH_ENTRIES <= (int)INBOX_ENTRIES_MAX, "the store takes so many");

struct sender {
	struct pump pump; /* the first, so that who has it has the sender */
	struct import *import;
	struct uuid last_id; /* of those that do not say when they were created */
	struct entry entries[BATCH_ENTRIES];
	unsigned count;
	size_t bytes;
	uint64_t first_line; /* of the batch */
};

/* One request under way. */
struct errand {
	struct sender *sender;
	uint64_t first_line, last_line;
	unsigned count;
};

static void sender_answered(void *context, int result, struct inbox_answer *answer)
{
	_cleanup_(buffer_release) struct buffer sentence = { 0 };
	_cleanup_(freeing_memory) struct errand *errand = context;
	struct sender *sender = errand->sender;
	struct pump *pump = &sender->pump;

	pump_answered(pump);
	if (result == 0) {
		sender->import->stored += answer->affected;
		sender->import->existing += errand->count - answer->affected;
		return;
	}
	pump->stopped = true;
	if (pump->unreachable)
		return;
	pump_fail(pump, tool_explain(pump->tool, INBOX_IMPORT, result, &sentence));
	tool_complain(pump->tool->command, "lines %" PRIu64 " to %" PRIu64 ": %.*s",
		errand->first_line, errand->last_line, (int)sentence.len,
		sentence.data ? sentence.data : "");
}

static int sender_submit_batch(struct sender *sender)
{
	_cleanup_(freeing_memory) struct errand *errand = calloc(1, sizeof(*errand));
	struct inbox_request request = {
		.operation = INBOX_IMPORT,
		.entries = sender->entries,
		.entry_count = sender->count,
	};
	int result;

	if (!errand)
		return -ENOMEM;
	*errand = (struct errand){ .sender = sender,
		.first_line = sender->first_line,
		.last_line = sender->pump.lines.number,
		.count = sender->count };
	result = pump_submit(&sender->pump, &request, sender_answered, errand);
	if (result == 0)
		errand = NULL; /* sender_answered() has it now */
	return result;
}

/* Sends what was gathered. */
static void sender_flush(struct pump *pump)
{
	struct sender *sender = (struct sender *)pump;
	int result = sender->count > 0 ? sender_submit_batch(sender) : 0;

	while (sender->count > 0)
		entry_release(&sender->entries[--sender->count]);
	sender->bytes = 0;
	if (result == 0)
		return;
	pump_fail(pump, TOOL_FAILED);
	tool_complain(pump->tool->command, "%s", strerror(-result));
	pump->stopped = true;
}

static void sender_stop(struct sender *sender, const struct problems *problems)
{
	struct pump *pump = &sender->pump;

	pump_fail(pump, TOOL_FAILED);
	tool_complain_problems(pump->tool->command, problems, pump->lines.number);
	tool_complain(pump->tool->command,
		"stopped at line %" PRIu64 ": it and what follows it are not imported",
		pump->lines.number);
	sender_flush(pump);
	pump->stopped = true;
}

/* Gives an id to what has none. The content is all that it says, but for when it was read. */
static int sender_identify(struct sender *sender, struct notification *notification)
{
	static const struct uuid none;
	uint8_t digest[DIGEST_BYTES];
	int result;

	if (uuid_compare(&notification->id, &none) != 0)
		return 0;
	if (notification->created == sender->import->now) {
		result = uuid_next(&sender->last_id, notification->created);
		notification->id = sender->last_id;
		return result;
	}
	result = digest_of(notification->content, digest);
	notification->id = uuid_of(notification->created, digest);
	return result;
}

static void sender_line(struct pump *pump, struct slice line)
{
	struct sender *sender = (struct sender *)pump;
	struct entry *entry = &sender->entries[sender->count];
	struct problems problems = { 0 };
	int result = import_parse(sender->import, line, &problems, entry);

	if (result == 0 && entry->kind == ENTRY_NOTIFICATION)
		result = sender_identify(sender, &entry->notification);
	if (result != 0) {
		if (problems.count == 0)
			problems_add(&problems, SLICE(""), strerror(-result));
		sender_stop(sender, &problems);
		return;
	}
	if (sender->count++ == 0)
		sender->first_line = pump->lines.number;
	sender->bytes += line.len;
	if (sender->count == BATCH_ENTRIES || sender->bytes >= BATCH_BYTES)
		sender_flush(pump);
}

static void sender_too_long(struct pump *pump)
{
	struct problems problems = import_too_long();

	sender_stop((struct sender *)pump, &problems);
}

static void sender_progress(struct pump *pump)
{
	const struct sender *sender = (const struct sender *)pump;

	progress_show(&pump->progress, sender->import->stored + sender->import->existing, 0);
}

int import_send(struct import *import)
{
	static const struct pump_user user = {
		.window = WINDOW,
		.line = sender_line,
		.too_long = sender_too_long,
		.end = sender_flush,
		.progress = sender_progress,
	};
	_cleanup_(freeing_memory) struct sender *sender = calloc(1, sizeof(*sender));
	int status;

	if (!sender) {
		tool_complain(import->tool->command, "%s", strerror(ENOMEM));
		return TOOL_FAILED;
	}
	sender->pump = pump_begin(&user, import->tool, import->fd, import->input, "imported");
	sender->import = import;
	pump_run(&sender->pump);
	pump_end(&sender->pump);
	status = sender->pump.status;
	return status != TOOL_DONE && import->stored > 0 ? TOOL_FAILED : status;
}
