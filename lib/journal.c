/*
 * Messages as entries of the journal, see journal.h. What the journal does not take, for it is
 * away or memory is short, goes the way of all others: a line on standard error.
 */
#include "lib/journal.h"

#include "lib/buffer.h"
#include "lib/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

enum { FIELDS_MAX = 16 };

/* Fields, one behind the other, and where each ends. */
struct entry {
	struct buffer text;
	size_t ends[FIELDS_MAX];
	int count;
};

static void entry_add(struct entry *entry, const char *name, struct slice value)
{
	if (entry->count == FIELDS_MAX)
		return;
	buffer_print(&entry->text, "%s=", name);
	buffer_append_slice(&entry->text, value);
	entry->ends[entry->count++] = entry->text.len;
}

static void entry_add_number(struct entry *entry, const char *name, uint64_t value)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);

	entry_add(entry, name, (struct slice){ digits, (size_t)len });
}

static int entry_send(const struct entry *entry)
{
	struct iovec fields[FIELDS_MAX];
	size_t begin = 0;

	if (buffer_status(&entry->text) < 0)
		return buffer_status(&entry->text);
	for (int i = 0; i < entry->count; i++) {
		fields[i] = (struct iovec){ entry->text.data + begin, entry->ends[i] - begin };
		begin = entry->ends[i];
	}
	return sd_journal_sendv(fields, entry->count);
}

static int send_record(const struct log_record *record)
{
	struct entry entry = { 0 };
	int r;

	entry_add(&entry, "MESSAGE", record->message);
	entry_add_number(&entry, "PRIORITY", record->level);
	entry_add(&entry, "SYSLOG_IDENTIFIER", slice_of(record->program));
	if (record->message_id)
		entry_add(&entry, "MESSAGE_ID", slice_of(record->message_id));
	for (const struct log_field *field = record->fields; field && field->name; field++)
		if (field->is_number)
			entry_add_number(&entry, field->name, field->number);
		else if (field->text.len > 0)
			entry_add(&entry, field->name, field->text);
	r = entry_send(&entry);
	buffer_release(&entry.text);
	return r;
}

void journal_open(void)
{
	if (log_is_journal())
		log_set_sink(send_record);
}
