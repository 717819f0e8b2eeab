/*
 * The rows of one user: what the bulk operations leave of them must be what the counts
 * say, and each must be found where else it is listed.
 */
#include "stored/check_internal.h"

#include <errno.h>
#include <inttypes.h>

/* A sentence about one notification of the user. */
static void complain(const struct inbox_check *inbox, const struct uuid *id, const char *sentence)
{
	report_problem(inbox->check->report, "%.*s: notification %s %s", (int)inbox->name.len,
		inbox->name.data, id_text(id).text, sentence);
}

/*
 * Takes the entries of the unread index up to this notification; those before it belong to
 * no row. NULL = all that are left. Returns whether there is one for it.
 */
static bool take_unread(struct inbox_check *inbox, const struct uuid *upto)
{
	struct stream *unread = &inbox->streams->unread;
	struct uuid id;

	for (; stream_has_user(unread, inbox->prefix); stream_next(unread)) {
		report_count(inbox->check->report, REPORT_UNREAD);
		if (stream_id(unread, &id) < 0)
			continue;
		if (upto && uuid_compare(&id, upto) == 0) {
			stream_next(unread);
			return true;
		}
		if (upto && uuid_compare(&id, upto) > 0) {
			inbox->check->report->counted[REPORT_UNREAD]--; /* it comes again */
			return false;
		}
		complain(inbox, &id, "is listed as unread, but there is none");
	}
	return false;
}

static int check_row_due(struct inbox_check *inbox, const struct row *row)
{
	struct store *store = inbox->check->store;
	const struct notification *notification = &row->notification;
	struct table_key what = table_key_id(inbox->name, &notification->id);
	struct table_key key =
		table_key_due(notification->expires, DUE_NOTIFICATION, table_key_slice(&what));
	struct slice value;
	int r = table_get(store->due, NULL, &key, &value);

	if (r == TABLE_NONE)
		complain(inbox, &notification->id, "would not expire: it is not listed as due");
	return r < 0 ? r : 0;
}

/* What is true of it as it was written, whatever is pending. */
static void check_written(struct inbox_check *inbox, const struct row *row, bool indexed)
{
	const struct uuid *id = &row->notification.id;
	bool unread = !row->notification.read;

	check_id(inbox->check, inbox->name, "notification", id);
	if (row->notification.broadcast)
		complain(inbox, id, "says that it is a broadcast");
	if (row->generation > inbox->user->generation)
		complain(inbox, id, "has seen bulk operations that there were not");
	if (unread && !indexed)
		complain(inbox, id, "is unread, but not listed as such");
	if (!unread && indexed)
		complain(inbox, id, "is read, but listed as unread");
}

static int check_notification(struct inbox_check *inbox, const struct uuid *id, struct slice value)
{
	bool indexed = take_unread(inbox, id);
	struct row row;

	if (row_decode(value, id, &row) < 0) {
		complain(inbox, id, "cannot be read");
		return 0;
	}
	check_written(inbox, &row, indexed);
	if (row_settle(&row, inbox->user) == ROW_DELETED)
		return 0; /* its entry among what is due may be used up already */
	row_count(&row, &inbox->counted);
	if (row.notification.read && uuid_compare(id, &inbox->user->unread_upto) <= 0)
		complain(inbox, id, "is read, but lies where all are noted as unread");
	return row.notification.expires ? check_row_due(inbox, &row) : 0;
}

int check_notifications(struct inbox_check *inbox)
{
	struct stream *notifications = &inbox->streams->notifications;
	struct uuid id;
	int r = 0;

	for (; r == 0 && stream_has_user(notifications, inbox->prefix);
		stream_next(notifications)) {
		report_count(inbox->check->report, REPORT_NOTIFICATIONS);
		if (stream_id(notifications, &id) == 0)
			r = check_notification(inbox, &id, notifications->value);
	}
	take_unread(inbox, NULL);
	return r;
}

/* Counts a broadcast as it is for this user; the value of the mark is empty if there is none. */
static void count_broadcast(struct inbox_check *inbox, const struct uuid *id, struct slice mark)
{
	struct row row = { .notification = { .id = *id, .broadcast = true } };

	if (mark.len > 0 && row_apply_mark(&row, mark) < 0)
		return; /* which is told by then */
	if (row_settle(&row, inbox->user) == 0)
		row_count(&row, &inbox->counted);
}

/* Whether the mark can be read; tells what is wrong with it. */
static bool check_mark(const struct inbox_check *inbox, const struct uuid *id, struct slice value)
{
	struct row row = { 0 };

	check_id(inbox->check, inbox->name, "the mark on broadcast", id);
	if (row_apply_mark(&row, value) < 0) {
		complain(inbox, id, "has a mark that cannot be read");
		return false;
	}
	if (row.generation > inbox->user->generation)
		complain(inbox, id, "has a mark of bulk operations that there were not");
	return true;
}

/*
 * The marks along with the broadcasts. Marks on what is not live any more are allowed: the
 * walk over all users lets go of them when it comes by.
 */
void check_marks(struct inbox_check *inbox)
{
	const struct slice none = { 0 };
	const struct live *live = &inbox->check->store->live;
	struct stream *marks = &inbox->streams->marks;
	size_t next = live_above(live, &inbox->user->since);
	struct uuid id;

	for (; stream_has_user(marks, inbox->prefix); stream_next(marks)) {
		report_count(inbox->check->report, REPORT_MARKS);
		inbox->counted.marks++;
		if (stream_id(marks, &id) < 0 || !check_mark(inbox, &id, marks->value))
			continue;
		while (next < live->count && uuid_compare(&live->ids[next], &id) < 0)
			count_broadcast(inbox, &live->ids[next++], none);
		if (next < live->count && uuid_compare(&live->ids[next], &id) == 0)
			count_broadcast(inbox, &live->ids[next++], marks->value);
	}
	while (next < live->count)
		count_broadcast(inbox, &live->ids[next++], none);
}
