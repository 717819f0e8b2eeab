/*
 * A user's changes, cut into messages. Changes are written as letters, a user's own in small
 * ones: c created, r read, b several created; broadcasts in capitals: C created, W withdrawn,
 * I created long ago. Messages: a letter alone is a new_notification, (…) an update.
 */
#include "pushd/stream.h"

#include "pushd/backlog.h"
#include "tests/tap.h"

#define ID "01900000-0000-7000-8000-000000000001"

enum { SINCE = 100, BROADCASTS_SINCE = 30, UNREAD_SINCE = 10 };

struct tape {
	struct buffer records;
	struct broadcasts broadcasts;
	struct counts counts;	/* the true ones so far */
	struct counts past[64]; /* after each change */
	uint64_t number;	/* of the last broadcast */
};

static enum change_kind kind_of(char letter)
{
	switch (letter) {
	case 'C':
	case 'I':
		return CHANGE_BROADCAST_CREATED;
	case 'W':
		return CHANGE_BROADCAST_WITHDRAWN;
	case 'r':
		return CHANGE_READ;
	default:
		return CHANGE_CREATED;
	}
}

static void count(struct counts *counts, char letter)
{
	counts->seq++;
	if (letter == 'c' || letter == 'C') {
		counts->unread++;
		counts->unseen++;
	} else if (letter == 'b') {
		counts->unread += 2;
		counts->unseen += 2;
	} else if (letter == 'r' || letter == 'W') {
		counts->unread--;
	}
}

/* together: as the store answers to CHANGES, broadcasts among the others, without counts. */
static void write_change(struct tape *tape, char letter, bool together)
{
	_cleanup_(buffer_release) struct buffer record = { 0 };
	struct change change = {
		.kind = kind_of(letter),
		.ids = letter == 'b' ? SLICE(ID "," ID) : SLICE(ID),
		.notification = letter == 'c' || letter == 'C' ? SLICE("{}") : (struct slice){ 0 },
	};
	bool broadcast = change_is_broadcast(change.kind);

	count(&tape->counts, letter);
	tape->past[tape->counts.seq - SINCE] = tape->counts;
	tape->number += broadcast;
	change.counts = tape->counts;
	if (broadcast)
		change.counts =
			(struct counts){ .seq = together ? tape->counts.seq : tape->number };
	else
		change.user = SLICE("u");
	if (broadcast && !together) {
		broadcasts_add(&tape->broadcasts, &change);
		return;
	}
	change_format(&record, &change);
	encode_long(&tape->records, buffer_slice(&record));
}

static void write_all(struct tape *tape, const char *letters, bool together)
{
	*tape = (struct tape){
		.counts = { .seq = SINCE, .unread = UNREAD_SINCE, .unseen = UNREAD_SINCE },
		.number = BROADCASTS_SINCE,
	};
	for (; *letters; letters++)
		write_change(tape, *letters, together);
}

static void release(struct tape *tape)
{
	buffer_release(&tape->records);
	broadcasts_release(&tape->broadcasts);
}

/* The letters between these two places. */
static void tell_letters(struct buffer *told, const char *letters, uint64_t from, uint64_t to)
{
	buffer_append(told, letters + (from - SINCE), (size_t)(to - from));
}

/* Whether an update names as many notifications as these changes have. */
static bool names_all(const struct buffer *changes, const char *letters, uint64_t from, uint64_t to)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *at;
	size_t names = 0;

	buffer_append_slice(&text, buffer_slice(changes));
	for (at = buffer_string(&text); (at = strstr(at, "{\"op\"")); at++)
		names++;
	for (; from < to; from++)
		names -= letters[from - SINCE] == 'b' ? 2 : 1;
	return names == 0;
}

/* Takes all messages off; their counts must be true. Returns them as text. */
static const char *take_all(struct stream *stream, const struct tape *tape, const char *letters,
	uint64_t upto, struct buffer *told)
{
	_cleanup_(buffer_release) struct buffer changes = { 0 };
	enum stream_message message;
	struct change change;
	uint64_t before = stream->at.seq;

	buffer_clear(told);
	while ((message = stream_take(stream, upto, &changes, &change)) != STREAM_NOTHING) {
		const struct counts *counts = &tape->past[stream->at.seq - SINCE];

		buffer_append_string(told, message == STREAM_UPDATE ? "(" : "");
		tell_letters(told, letters, before, stream->at.seq);
		buffer_append_string(told, message == STREAM_UPDATE ? ")" : "");
		if (counts->unread != stream->at.unread || counts->unseen != stream->at.unseen ||
			(message == STREAM_CREATED && change.counts.unread != counts->unread) ||
			(message == STREAM_UPDATE &&
				!names_all(&changes, letters, before, stream->at.seq)))
			buffer_append_string(told, " WRONG ");
		buffer_clear(&changes);
		before = stream->at.seq;
	}
	return buffer_string(told);
}

/* What is told of these changes when the store has answered as of the one number `answered`. */
static void ok_live(const char *letters, unsigned answered, const char *expected)
{
	_cleanup_(buffer_release) struct buffer told = { 0 };
	struct tape tape;
	struct stream stream;

	write_all(&tape, letters, false);
	stream = (struct stream){
		.records = backlog_records(&tape.records),
		.broadcasts = &tape.broadcasts,
		.known = &tape.past[answered],
		.at = { SINCE, BROADCASTS_SINCE, UNREAD_SINCE, UNREAD_SINCE },
		.counted = true,
	};
	ok_string_equal(take_all(&stream, &tape, letters, SINCE + answered, &told), expected,
		"%s, answered as of %u", letters, answered);
	tap_ok(!stream_is_broken(&stream), "and nothing is missing");
	release(&tape);
}

static void test_live(void)
{
	ok_live("", 0, "");
	ok_live("ccc", 3, "ccc");
	ok_live("CcC", 0, "CcC");
	ok_live("rcr", 3, "(r)c(r)");
	ok_live("rrCbr", 5, "(rr)C(br)");
	ok_live("rcr", 1, "(r)c");
	ok_live("rcr", 0, "");
	/* an end whose counts are the answer's */
	ok_live("W", 1, "(W)");
	ok_live("CWW", 3, "C(WW)");
	/* or those of the own change behind it */
	ok_live("Wc", 2, "(Wc)");
	ok_live("WrcC", 4, "(Wr)cC");
	ok_live("WCrr", 4, "(WCrr)");
	ok_live("WCcc", 4, "(WCc)c");
	ok_live("WCI", 3, "(WCI)");
	ok_live("IC", 2, "(IC)");
	/* what the answer does not reach waits for the next */
	ok_live("W", 0, "");
	ok_live("cW", 1, "c");
	ok_live("rW", 1, "(r)");
	ok_live("rWc", 1, "(r)");
	ok_live("rWc", 2, "(rW)c");
	ok_live("rWC", 2, "(rW)C");
	ok_live("WC", 1, "(W)C");
	ok_live("WCW", 2, "(WC)");
	/* an answer that is ahead of the feed does not tell the counts in between */
	ok_live("W", 3, "");
	ok_live("rW", 3, "(r)");
	ok_live("cWC", 5, "c");
}

/* The same of what a client has missed: nothing is known of the counts before. */
static void ok_missed(const char *letters, const char *expected)
{
	_cleanup_(buffer_release) struct buffer told = { 0 };
	struct tape tape;
	struct stream stream;

	write_all(&tape, letters, true);
	stream = (struct stream){
		.records = backlog_records(&tape.records),
		.known = &tape.counts,
		.at.seq = SINCE,
	};
	ok_string_equal(take_all(&stream, &tape, letters, tape.counts.seq, &told), expected,
		"%s missed", letters);
	ok_int_equal(stream.at.seq, tape.counts.seq, "to the end");
	release(&tape);
}

static void test_missed(void)
{
	ok_missed("", "");
	ok_missed("ccc", "ccc");
	ok_missed("C", "C");
	ok_missed("CC", "(CC)");
	ok_missed("cC", "cC");
	ok_missed("Cc", "(Cc)");
	ok_missed("CCcCc", "(CCc)Cc");
	ok_missed("rCW", "(r)C(W)");
	ok_missed("W", "(W)");
	ok_missed("WC", "(WC)");
	ok_missed("cWCC", "c(WCC)");
	ok_missed("bCI", "(b)C(I)");
}

/* An answer that was ahead of the feed: what it held already is skipped. */
static void test_skipping(void)
{
	_cleanup_(buffer_release) struct buffer told = { 0 };
	static const char letters[] = "crCWcCr";

	for (unsigned held = 0; held <= strlen(letters); held++) {
		struct tape tape;
		struct stream stream;
		uint64_t broadcasts = BROADCASTS_SINCE;

		write_all(&tape, letters, false);
		tape.past[0] = (struct counts){ SINCE, 0, UNREAD_SINCE, UNREAD_SINCE };
		for (unsigned i = 0; i < held; i++)
			broadcasts += letters[i] == 'C' || letters[i] == 'W';
		stream = (struct stream){
			.records = backlog_records(&tape.records),
			.broadcasts = &tape.broadcasts,
			.known = &tape.counts,
			.at = position_of(&tape.past[held], broadcasts),
			.counted = true,
		};
		take_all(&stream, &tape, letters, tape.counts.seq, &told);
		ok_int_equal(stream.at.seq, tape.counts.seq, "from %u on all is told", held);
		tap_ok(!strstr(buffer_string(&told), "WRONG"), "and with the right counts: %s",
			buffer_string(&told));
		tap_ok(stream.records.at == stream.records.end, "nothing is left over");
		release(&tape);
	}
}

static void test_breaks(void)
{
	_cleanup_(buffer_release) struct buffer changes = { 0 };
	struct change change;
	struct tape tape;
	struct stream stream;

	write_all(&tape, "cCCc", false);
	stream = (struct stream){
		.records = backlog_records(&tape.records),
		.broadcasts = &tape.broadcasts,
		.known = &tape.counts,
		.at = { SINCE, BROADCASTS_SINCE, UNREAD_SINCE, UNREAD_SINCE },
		.counted = true,
	};
	tap_ok(!stream_is_broken(&stream), "all is there");
	for (uint64_t i = 1; i < BROADCASTS_KEPT; i++) {
		change = (struct change){
			.kind = CHANGE_BROADCAST_EXPIRED,
			.counts.seq = tape.number + i,
			.ids = SLICE(ID),
		};
		broadcasts_add(&tape.broadcasts, &change);
	}
	tap_ok(!stream_is_broken(&stream), "what comes next is");
	ok_int_equal(stream_take(&stream, 0, &changes, &change), STREAM_CREATED, "one is taken");
	tap_ok(stream_is_broken(&stream), "but then a broadcast that is not kept any more");
	ok_int_equal(stream_take(&stream, UINT64_MAX, &changes, &change), STREAM_NOTHING,
		"nothing can be told");
	stream.at.broadcasts = tape.broadcasts.newest;
	tap_ok(stream_is_broken(&stream), "an own change that does not follow is a break, too");
	release(&tape);
}

static void test_memory(void)
{
	struct buffer changes = { .limit = 10 };
	struct change change;
	struct tape tape;
	struct stream stream;

	write_all(&tape, "rr", true);
	stream = (struct stream){ .records = backlog_records(&tape.records), .at.seq = SINCE };
	ok_int_equal(stream_take(&stream, UINT64_MAX, &changes, &change), STREAM_NOTHING,
		"without memory there is no message");
	tap_ok(buffer_status(&changes) < 0, "and it can be seen why");
	buffer_release(&changes);
	release(&tape);
}

int main(void)
{
	test_live();
	test_missed();
	test_skipping();
	test_breaks();
	test_memory();
	return tap_done();
}
