/*
 * The codec of the change record, see change.h.
 *
 * The writer is trusted, yet the reader checks all that it takes apart: it may
 * meet the record of a later version, or what is left of a damaged file, and a
 * client would rather be told to fetch anew than be told something wrong.
 */
#include "lib/change.h"

#include "lib/notification.h"

#include <errno.h>

#define MESSAGE_NAME	"tidings"
#define MESSAGE_VERSION MESSAGE_NAME "1 "

/* What "tidings1 64/64 " leaves of a message, so that each part but the last is as long. */
enum { PIECE_MAX = CHANGE_MESSAGE_MAX - (sizeof(MESSAGE_VERSION "64/64 ") - 1) };

static const char *const KIND_NAMES[] = {
#define X(enumerator, name) [enumerator] = name,
	CHANGE_KINDS(X)
#undef X
};

const char *change_kind_name(enum change_kind kind)
{
	return KIND_NAMES[kind];
}

bool change_is_broadcast(enum change_kind kind)
{
	return kind >= CHANGE_BROADCAST_CREATED && kind <= CHANGE_BROADCAST_EXPIRED;
}

const char *change_operation_name(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_BROADCAST_CREATED:
		return KIND_NAMES[CHANGE_CREATED];
	case CHANGE_BROADCAST_WITHDRAWN:
		return KIND_NAMES[CHANGE_WITHDRAWN];
	case CHANGE_BROADCAST_EXPIRED:
		return KIND_NAMES[CHANGE_EXPIRED];
	default:
		return KIND_NAMES[kind];
	}
}

/* Writing */

static void append_number(struct buffer *to, uint64_t value)
{
	buffer_append(to, " ", 1);
	buffer_append_decimal(to, value);
}

static void append_time(struct buffer *to, int64_t time, unsigned microseconds)
{
	const char fraction[] = { '.', (char)('0' + microseconds / 100),
		(char)('0' + microseconds / 10 % 10), (char)('0' + microseconds % 10) };

	buffer_append_string(to, time < 0 ? " -" : " ");
	buffer_append_decimal(to, time < 0 ? -(uint64_t)time : (uint64_t)time);
	if (microseconds > 0)
		buffer_append(to, fraction, sizeof(fraction));
}

void change_format(struct buffer *to, const struct change *change)
{
	buffer_append_string(to, change_kind_name(change->kind));
	append_number(to, change->counts.seq);
	append_number(to, change->counts.total);
	append_number(to, change->counts.unread);
	append_number(to, change->counts.unseen);
	append_time(to, change->time, change->microseconds);
	append_number(to, change->user.len);
	buffer_append(to, ":", 1);
	buffer_append_slice(to, change->user);
	buffer_append(to, " ", 1);
	buffer_append_slice(to, change->ids.len > 0 ? change->ids : SLICE("-"));
	if (change->notification.len > 0) {
		buffer_append(to, " ", 1);
		buffer_append_slice(to, change->notification);
	}
}

unsigned change_parts(size_t record_len)
{
	if (record_len == 0)
		return 1;
	if (record_len > (size_t)CHANGE_PARTS_MAX * PIECE_MAX)
		return 0;
	return (unsigned)((record_len + PIECE_MAX - 1) / PIECE_MAX);
}

void change_format_message(struct buffer *to, struct slice record, unsigned part, unsigned parts)
{
	size_t begin = (size_t)(part - 1) * PIECE_MAX;
	size_t len = part < parts ? PIECE_MAX : record.len - begin;

	buffer_append_slice(to, SLICE(MESSAGE_VERSION));
	buffer_append_decimal(to, part);
	buffer_append(to, "/", 1);
	buffer_append_decimal(to, parts);
	buffer_append(to, " ", 1);
	buffer_append(to, record.data + begin, len);
}

/* Reading: each take_ function removes what it has read from the text's beginning. */

static struct slice slice_from(struct slice text, size_t begin)
{
	return (struct slice){ .data = text.data + begin, .len = text.len - begin };
}

static bool take_bytes(struct slice *text, size_t len, struct slice *ret_bytes)
{
	if (len > text->len)
		return false;
	*ret_bytes = (struct slice){ .data = text->data, .len = len };
	*text = slice_from(*text, len);
	return true;
}

static bool take_char(struct slice *text, char c)
{
	if (text->len == 0 || text->data[0] != c)
		return false;
	*text = slice_from(*text, 1);
	return true;
}

/* All up to the next space, or all that is left. */
static struct slice take_word(struct slice *text)
{
	const char *space = text->len > 0 ? memchr(text->data, ' ', text->len) : NULL;
	struct slice word = *text;

	if (space)
		word.len = (size_t)(space - text->data);
	if (word.len > 0)
		*text = slice_from(*text, word.len);
	return word;
}

/* A number as change_format writes it, without leading zeros. */
static bool take_digits(struct slice *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; digits < text->len; digits++) {
		unsigned digit = (unsigned)text->data[digits] - '0';

		if (digit > 9)
			break;
		if (value > (max - digit) / 10 || (digits > 0 && value == 0))
			return false;
		value = value * 10 + digit;
	}
	if (digits == 0)
		return false;
	*text = slice_from(*text, digits);
	*ret_value = value;
	return true;
}

/* A number, and what ends it. */
static bool take_number(struct slice *text, char end, uint64_t max, uint64_t *ret_value)
{
	return take_digits(text, max, ret_value) && take_char(text, end);
}

static bool take_kind(struct slice *text, enum change_kind *ret_kind)
{
	struct slice name = take_word(text);

	for (size_t i = 0; i < ARRAY_LENGTH(KIND_NAMES); i++) {
		if (slice_is(name, KIND_NAMES[i])) {
			*ret_kind = (enum change_kind)i;
			return take_char(text, ' ');
		}
	}
	return false;
}

/* The three digits behind the point; where all are zero there is no point. */
static bool take_microseconds(struct slice *text, unsigned *ret_microseconds)
{
	unsigned value = 0;
	struct slice digits;

	if (!take_bytes(text, 3, &digits))
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		unsigned digit = (unsigned)digits.data[i] - '0';

		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*ret_microseconds = value;
	return value > 0;
}

static bool take_time(struct slice *text, struct change *change)
{
	bool negative = take_char(text, '-');
	uint64_t value;

	if (!take_digits(text, (uint64_t)INT64_MAX + negative, &value) || (negative && value == 0))
		return false;
	change->time = (int64_t)(negative ? -value : value);
	if (!negative && take_char(text, '.') && !take_microseconds(text, &change->microseconds))
		return false;
	return take_char(text, ' ');
}

/* All but broadcasts have one. */
static bool take_user(struct slice *text, enum change_kind kind, struct slice *ret_user)
{
	uint64_t len;

	return take_number(text, ':', NOTIFICATION_USER_MAX, &len) &&
	       (len == 0) == change_is_broadcast(kind) && take_bytes(text, len, ret_user);
}

/* Gives how many there are, 0 if one of them is no identifier or there are too many. */
static size_t count_ids(struct slice ids)
{
	const size_t STEP = UUID_LENGTH + 1;
	struct uuid uuid;

	if ((ids.len + 1) % STEP != 0 || (ids.len + 1) / STEP > CHANGE_IDS_MAX)
		return 0;
	for (size_t at = 0; at < ids.len; at += STEP) {
		struct slice id = { .data = ids.data + at, .len = UUID_LENGTH };

		if (uuid_parse(id, &uuid) < 0 ||
			(at + UUID_LENGTH < ids.len && ids.data[at + UUID_LENGTH] != ','))
			return 0;
	}
	return (ids.len + 1) / STEP;
}

/* The identifiers, and behind them the notification, which is all that is left. */
static bool take_contents(struct slice text, struct change *change)
{
	struct slice ids = take_word(&text);
	bool none = slice_is(ids, "-");
	size_t count = none ? 0 : count_ids(ids);

	if (count == 0 && !none)
		return false;
	if (!none)
		change->ids = ids;
	if (text.len == 0)
		return true;
	take_char(&text, ' ');
	change->notification = text;
	return (change->kind == CHANGE_CREATED || change->kind == CHANGE_BROADCAST_CREATED) &&
	       count == 1 && text.len >= 2 && text.data[0] == '{' && text.data[text.len - 1] == '}';
}

int change_parse(struct slice text, struct change *ret_change)
{
	struct change change = { 0 };
	struct counts *counts = &change.counts;

	if (!take_kind(&text, &change.kind) || !take_number(&text, ' ', UINT64_MAX, &counts->seq) ||
		!take_number(&text, ' ', UINT64_MAX, &counts->total) ||
		!take_number(&text, ' ', UINT64_MAX, &counts->unread) ||
		!take_number(&text, ' ', UINT64_MAX, &counts->unseen) ||
		!take_time(&text, &change) || !take_user(&text, change.kind, &change.user) ||
		!take_char(&text, ' ') || !take_contents(text, &change))
		return -EBADMSG;
	*ret_change = change;
	return 0;
}

/* Assembling */

void change_assembler_reset(struct change_assembler *assembler)
{
	buffer_clear(&assembler->record);
	assembler->part = 0;
	assembler->parts = 0;
}

void change_assembler_release(struct change_assembler *assembler)
{
	buffer_release(&assembler->record);
	change_assembler_reset(assembler);
}

struct piece {
	uint64_t part;
	uint64_t parts;
	struct slice text;
};

/* 0, CHANGE_FOREIGN or -EPROTONOSUPPORT by the word that the message begins with. */
static int take_version(struct slice *message)
{
	struct slice begin;

	if (!take_bytes(message, sizeof(MESSAGE_NAME) - 1, &begin) ||
		!slice_is(begin, MESSAGE_NAME))
		return CHANGE_FOREIGN;
	if (take_char(message, '1') && take_char(message, ' '))
		return 0;
	return message->len > 0 && message->data[0] >= '0' && message->data[0] <= '9'
		       ? -EPROTONOSUPPORT
		       : CHANGE_FOREIGN;
}

static int take_piece(struct slice message, struct piece *ret_piece)
{
	size_t message_len = message.len;
	struct piece piece;
	int r;

	r = take_version(&message);
	if (r != 0)
		return r;
	if (message_len > CHANGE_MESSAGE_MAX ||
		!take_number(&message, '/', CHANGE_PARTS_MAX, &piece.part) ||
		!take_number(&message, ' ', CHANGE_PARTS_MAX, &piece.parts) || message.len == 0)
		return -EBADMSG;
	piece.text = message;
	*ret_piece = piece;
	return 0;
}

static int assembler_add(struct change_assembler *assembler, const struct piece *piece)
{
	bool first = assembler->part == assembler->parts;

	if (first)
		change_assembler_reset(assembler);
	if (piece->part != assembler->part + 1 || piece->part > piece->parts ||
		(!first && piece->parts != assembler->parts))
		return -EBADMSG;
	buffer_append_slice(&assembler->record, piece->text);
	assembler->part = (unsigned)piece->part;
	assembler->parts = (unsigned)piece->parts;
	return buffer_status(&assembler->record);
}

int change_assemble(struct change_assembler *assembler, struct slice message)
{
	struct piece piece;
	int r;

	r = take_piece(message, &piece);
	if (r == CHANGE_FOREIGN)
		return r;
	if (r == 0)
		r = assembler_add(assembler, &piece);
	if (r < 0) {
		change_assembler_reset(assembler);
		return r;
	}
	return assembler->part == assembler->parts ? CHANGE_COMPLETE : 0;
}
