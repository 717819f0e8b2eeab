/*
 * The change record and its messages. The first byte chooses: a record, which
 * must come out as it went in wherever it is understood; or lines, each a log
 * message for the assembler.
 */
#include "lib/change.h"

#include <errno.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void go_through_messages(struct slice record)
{
	_cleanup_(change_assembler_release) struct change_assembler assembler = { 0 };
	unsigned parts = change_parts(record.len);

	for (unsigned part = 1; part <= parts; part++) {
		_cleanup_(buffer_release) struct buffer message = { 0 };

		change_format_message(&message, record, part, parts);
		demand(message.len <= CHANGE_MESSAGE_MAX);
		demand(change_assemble(&assembler, buffer_slice(&message)) ==
			(part < parts ? 0 : CHANGE_COMPLETE));
	}
	demand(parts == 0 || slice_equal(buffer_slice(&assembler.record), record));
}

static void read_record(struct slice text)
{
	_cleanup_(buffer_release) struct buffer again = { 0 };
	struct change change;
	int r = change_parse(text, &change);

	demand(r == 0 || r == -EBADMSG);
	if (text.len > 0)
		go_through_messages(text);
	if (r != 0)
		return;
	change_format(&again, &change);
	demand(slice_equal(buffer_slice(&again), text));
}

static void read_messages(struct slice text)
{
	_cleanup_(change_assembler_release) struct change_assembler assembler = { 0 };
	const char *end = text.data + text.len;

	for (const char *at = text.data; at < end;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((line_end ? line_end : end) - at);
		struct change change;

		if (change_assemble(&assembler, (struct slice){ at, len }) == CHANGE_COMPLETE) {
			demand(assembler.record.len > 0 && assembler.record.len <= CHANGE_MAX);
			change_parse(buffer_slice(&assembler.record), &change);
		}
		at += len + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'm')
		read_messages((struct slice){ (const char *)data + 1, size - 1 });
	else
		read_record((struct slice){ (const char *)data + 1, size - 1 });
	return 0;
}
