/*
 * The format of Berkeley DB's log files, which nothing else knows. The push
 * daemon must not join the database's environment (a process that dies in it
 * can take the others with it), so it reads the files. The owner of the environment
 * looks whether the end of the log is where it seems to be: the library takes whatever
 * cannot be read for the end.
 *
 * This is log version 19, as written by Berkeley DB 5.3 without encryption. All
 * numbers are of 32 bits in the byte order of the host; offsets are in bytes.
 *
 *	file	log.NNNNNNNNNN, a chain of records from offset 0 on. It is made
 *		longer at once than what is written to it: behind the last record
 *		there are zeros.
 *
 *	record	prev	offset of the record before; of a file's first record: of
 *			the last record of the file before
 *		len	of the whole record
 *		sum	of data: h = h * 33 + byte for each byte, from 0; then
 *			XOR prev XOR len
 *		data	len - 12 bytes
 *
 *	data of a file's first record
 *		magic 0x040988, version 19, size that files grow to, unused
 *
 *	data of every other record
 *		type, transaction, file and offset of its record before; then
 *	 10	end of a transaction: opcode (1 = commit), time, environment, locks
 *	 14	identifiers of transactions begin anew: lowest, highest
 *	 47	a message: op, database's number, text, data, flags, where op (it is
 *		"DIAGNOSTIC"), text and data are each a length and so many bytes
 *
 * An aborted transaction leaves no record of its end.
 */
#include "lib/logfile.h"

#include "lib/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum {
	LOG_MAGIC = 0x040988,
	LOG_VERSION = 19,
	RECORD_HEADER = 12,

	TYPE_TRANSACTION_END = 10,
	TYPE_RECYCLE = 14,
	TYPE_MESSAGE = 47,
	OPCODE_COMMIT = 1,

	/* What is read at a time: little at first, more as long as there is more. */
	BLOCK_MIN = 16 * 1024,
	BLOCK_MAX = 256 * 1024,
};

struct logfile {
	int fd;
	uint32_t number;
	uint32_t size_max;    /* no record is longer than a file may grow */
	uint32_t last_before; /* offset of the last record of the file before */
	uint32_t offset;      /* the next record to read */
	uint32_t block_begin; /* offset of the block's first byte */
	size_t block_size;    /* bytes to read at a time */
	struct buffer block;
};

struct record_header {
	uint32_t prev;
	uint32_t len;
	uint32_t sum;
};

void logfile_name(uint32_t number, char name[static LOGFILE_NAME_SIZE])
{
	snprintf(name, LOGFILE_NAME_SIZE, "log.%010u", number);
}

uint32_t logfile_number(const char *name)
{
	char expected[LOGFILE_NAME_SIZE];
	uint32_t number = 0;

	if (strncmp(name, "log.", 4) != 0)
		return 0;
	for (const char *c = name + 4; *c >= '0' && *c <= '9'; c++)
		number = number * 10 + (uint32_t)(*c - '0');
	logfile_name(number, expected);
	return strcmp(name, expected) == 0 ? number : 0;
}

/* Records */

/* h * 33 + byte, eight bytes at a time: one multiplication need not wait for the other. */
static uint32_t hash_bytes(const uint8_t *bytes, size_t len)
{
	static const uint32_t POWERS[] = { 33, 1089, 35937, 1185921, 39135393, 1291467969,
		3963737313, 1954312449 }; /* 33 to the power of 1 to 8, modulo 2^32 */
	const uint8_t *end = bytes + len;
	uint32_t h = 0;

	for (; end - bytes >= 8; bytes += 8) {
		h = h * POWERS[7] + bytes[7];
		for (int i = 0; i < 7; i++)
			h += bytes[i] * POWERS[6 - i];
	}
	for (; bytes < end; bytes++)
		h = h * POWERS[0] + *bytes;
	return h;
}

static struct record_header record_header(const char *bytes)
{
	struct record_header header;

	_Static_assert(sizeof(header) == RECORD_HEADER, "the layout of a record");
	memcpy(&header, bytes, sizeof(header));
	return header;
}

static bool record_is_valid(const struct record_header *header, struct slice data)
{
	uint32_t sum = hash_bytes((const uint8_t *)data.data, data.len);

	return (sum ^ header->prev ^ header->len) == header->sum;
}

static bool take_u32(struct slice *from, uint32_t *ret_value)
{
	if (from->len < sizeof(*ret_value))
		return false;
	memcpy(ret_value, from->data, sizeof(*ret_value));
	from->data += sizeof(*ret_value);
	from->len -= sizeof(*ret_value);
	return true;
}

static bool take_text(struct slice *from, struct slice *ret_text)
{
	uint32_t len;

	if (!take_u32(from, &len) || len > from->len)
		return false;
	*ret_text = (struct slice){ .data = from->data, .len = len };
	from->data += len;
	from->len -= len;
	return true;
}

static int decode_message(struct slice data, struct log_record *record)
{
	struct slice op;
	uint32_t database;

	if (!take_text(&data, &op) || !take_u32(&data, &database) ||
		!take_text(&data, &record->message))
		return -EPROTONOSUPPORT;
	if (slice_is(op, "DIAGNOSTIC"))
		record->kind = LOG_MESSAGE;
	return 0;
}

static int decode_end(struct slice data, struct log_record *record)
{
	uint32_t opcode;

	if (!take_u32(&data, &opcode))
		return -EPROTONOSUPPORT;
	record->kind = opcode == OPCODE_COMMIT ? LOG_COMMIT : LOG_ABORT;
	return 0;
}

static int decode_record(struct slice data, struct log_record *record)
{
	uint32_t type, file, offset;

	if (!take_u32(&data, &type) || !take_u32(&data, &record->transaction) ||
		!take_u32(&data, &file) || !take_u32(&data, &offset))
		return 0; /* too short to be any of those below */
	switch (type) {
	case TYPE_MESSAGE:
		return decode_message(data, record);
	case TYPE_TRANSACTION_END:
		return decode_end(data, record);
	case TYPE_RECYCLE:
		record->kind = LOG_RECYCLE;
		return 0;
	default:
		return 0;
	}
}

/* Reading */

static int64_t logfile_size(const struct logfile *file)
{
	struct stat status;

	return fstat(file->fd, &status) < 0 ? -errno : status.st_size;
}

/* What the block holds from the place to read on. */
static struct slice logfile_ahead(const struct logfile *file)
{
	size_t skip = file->offset - file->block_begin;

	if (file->block.len <= skip)
		return (struct slice){ 0 };
	return (struct slice){ .data = file->block.data + skip, .len = file->block.len - skip };
}

static void logfile_forget(struct logfile *file)
{
	buffer_clear(&file->block);
	file->block_size = BLOCK_MIN;
}

/* Reads a block of at least so many bytes, if the file has them, from the place to read on. */
static int logfile_read_block(struct logfile *file, size_t needed)
{
	size_t size = needed > file->block_size ? needed : file->block_size;
	char *to;
	ssize_t n;

	buffer_clear(&file->block);
	to = buffer_reserve(&file->block, size);
	if (!to)
		return buffer_status(&file->block);
	n = pread(file->fd, to, size, file->offset);
	if (n < 0)
		return -errno;
	file->block.len = (size_t)n;
	file->block_begin = file->offset;
	if (file->block_size < BLOCK_MAX)
		file->block_size *= 2;
	return 0;
}

/* Why the file has no more to read: it is waited for, or it has been cut. */
static int logfile_ended(const struct logfile *file)
{
	int64_t size = logfile_size(file);

	if (size < 0)
		return (int)size;
	return size < file->offset ? LOGFILE_SHORT : LOGFILE_NOTHING;
}

/* Makes sure of so many bytes ahead. A length may be nonsense: it gets no memory untested. */
static int logfile_load(struct logfile *file, size_t needed)
{
	int64_t size;
	int r;

	if (logfile_ahead(file).len >= needed)
		return 0;
	if (needed > BLOCK_MIN) {
		size = logfile_size(file);
		if (size < 0)
			return (int)size;
		if ((uint64_t)size < file->offset + (uint64_t)needed)
			return LOGFILE_NOTHING;
	}
	r = logfile_read_block(file, needed);
	if (r < 0)
		return r;
	return logfile_ahead(file).len >= needed ? 0 : logfile_ended(file);
}

static bool logfile_length_possible(const struct logfile *file, uint32_t len)
{
	return len > RECORD_HEADER && len <= file->size_max &&
	       file->offset + (uint64_t)len <= UINT32_MAX;
}

/* Gives a valid record's data, and its header. */
static int logfile_load_record(struct logfile *file, struct record_header *ret_header,
	struct slice *ret_data)
{
	struct record_header header, loaded;
	struct slice data;
	int r;

	r = logfile_load(file, RECORD_HEADER);
	if (r != 0)
		return r;
	header = record_header(logfile_ahead(file).data);
	if (!logfile_length_possible(file, header.len))
		return LOGFILE_NOTHING;
	r = logfile_load(file, header.len);
	if (r != 0)
		return r;
	/* That may have read the header a second time, while it was being written. */
	data = logfile_ahead(file);
	loaded = record_header(data.data);
	data.data += RECORD_HEADER;
	data.len = header.len - RECORD_HEADER;
	if (loaded.len != header.len || !record_is_valid(&loaded, data))
		return LOGFILE_NOTHING;
	*ret_header = loaded;
	*ret_data = data;
	return 0;
}

int logfile_next(struct logfile *file, struct log_record *ret_record)
{
	struct log_record record = { .offset = file->offset };
	struct record_header header;
	struct slice data;
	int r;

	r = logfile_load_record(file, &header, &data);
	if (r == 0)
		r = decode_record(data, &record);
	if (r != 0) {
		logfile_forget(file);
		return r;
	}
	file->offset += header.len;
	*ret_record = record;
	return 0;
}

void logfile_seek(struct logfile *file, uint32_t offset)
{
	logfile_forget(file);
	file->offset = offset;
}

uint32_t logfile_offset(const struct logfile *file)
{
	return file->offset;
}

/* Files */

/* The header decides even if its checksum does not match: another version may have another. */
static int logfile_check_header(struct logfile *file)
{
	uint32_t magic, version;
	struct record_header header;
	struct slice data, raw;
	int r;

	file->size_max = LOGFILE_HEADER_SIZE;
	r = logfile_load_record(file, &header, &data);
	raw = logfile_ahead(file);
	if (r < 0)
		return r;
	if (raw.len < LOGFILE_HEADER_SIZE)
		return LOGFILE_NOTHING;
	memcpy(&magic, raw.data + RECORD_HEADER, sizeof(magic));
	memcpy(&version, raw.data + RECORD_HEADER + 4, sizeof(version));
	if (magic == __builtin_bswap32(LOG_MAGIC) ||
		(magic == LOG_MAGIC && version != LOG_VERSION && version != 0))
		return -EPROTONOSUPPORT;
	if (r != 0)
		return LOGFILE_NOTHING;
	if (header.len != LOGFILE_HEADER_SIZE || magic != LOG_MAGIC || version != LOG_VERSION)
		return -EPROTONOSUPPORT;
	memcpy(&file->size_max, data.data + 8, sizeof(file->size_max));
	file->last_before = header.prev;
	logfile_seek(file, LOGFILE_HEADER_SIZE);
	return 0;
}

/* Takes the descriptor if it succeeds. */
static int logfile_new(uint32_t number, int *fd, struct logfile **ret_file)
{
	struct logfile *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->number = number;
	file->block_size = BLOCK_MIN;
	file->fd = take_fd(fd);
	*ret_file = file;
	return 0;
}

DEFINE_CLEANUP(struct logfile *, logfile_free)

int logfile_open(int directory_fd, uint32_t number, struct logfile **ret_file)
{
	_cleanup_(freeing_logfile_free) struct logfile *file = NULL;
	_cleanup_(closing_fd) int fd = -1;
	char name[LOGFILE_NAME_SIZE];
	int r;

	logfile_name(number, name);
	fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	r = logfile_new(number, &fd, &file);
	if (r == 0)
		r = logfile_check_header(file);
	if (r != 0)
		return r;
	*ret_file = take(file);
	return 0;
}

struct logfile *logfile_free(struct logfile *file)
{
	if (!file)
		return NULL;
	close(file->fd);
	buffer_release(&file->block);
	free(file);
	return NULL;
}

bool logfile_continues(const struct logfile *next, const struct logfile *file)
{
	char bytes[RECORD_HEADER];

	if (pread(file->fd, bytes, sizeof(bytes), next->last_before) != sizeof(bytes))
		return false;
	return next->last_before + (uint64_t)record_header(bytes).len == file->offset;
}

bool logfile_is_linked(const struct logfile *file, int directory_fd)
{
	char name[LOGFILE_NAME_SIZE];
	struct stat opened, named;

	logfile_name(file->number, name);
	return fstat(file->fd, &opened) == 0 && fstatat(directory_fd, name, &named, 0) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* Follows the lengths from record to record. A block holds many, so it is read once. */
uint64_t logfile_unread(const struct logfile *file)
{
	char block[BLOCK_MIN];
	uint64_t at = file->offset, begin = at, end = at;
	uint32_t len;

	for (;; at += len) {
		if (at + RECORD_HEADER > end) {
			ssize_t n = pread(file->fd, block, sizeof(block), (off_t)at);

			if (n < RECORD_HEADER)
				return at - file->offset;
			begin = at;
			end = at + (uint64_t)n;
		}
		len = record_header(block + (at - begin)).len;
		if (len <= RECORD_HEADER || len > file->size_max)
			return at - file->offset;
	}
}

bool logfile_is_blank(const struct logfile *file)
{
	static const char blank[RECORD_HEADER];
	char bytes[RECORD_HEADER] = { 0 };

	return pread(file->fd, bytes, sizeof(bytes), file->offset) <= 0 ||
	       memcmp(bytes, blank, sizeof(blank)) == 0;
}

/* All that is in the file from the place at which to read on. */
static int logfile_read_rest(const struct logfile *file, struct buffer *rest)
{
	int64_t size = logfile_size(file);
	size_t wanted = size > file->offset ? (size_t)(size - file->offset) : 0;
	char *to = buffer_reserve(rest, wanted + 1);
	ssize_t n;

	if (size < 0)
		return (int)size;
	if (!to)
		return -ENOMEM;
	while (wanted > 0 && (n = pread(file->fd, to + rest->len, wanted,
				      (off_t)(file->offset + rest->len))) != 0) {
		if (n < 0)
			return -errno;
		rest->len += (size_t)n;
		wanted -= (size_t)n;
	}
	return 0;
}

/* Whether there is a record at the front that says it comes after the one at `prev`. */
static bool follows(struct slice bytes, uint32_t prev)
{
	struct record_header header = record_header(bytes.data);

	if (header.prev != prev || header.len <= RECORD_HEADER || header.len > bytes.len)
		return false;
	bytes.data += RECORD_HEADER;
	bytes.len = header.len - RECORD_HEADER;
	return record_is_valid(&header, bytes);
}

int logfile_goes_on(const struct logfile *file, bool *ret_goes_on)
{
	_cleanup_(buffer_release) struct buffer rest = { 0 };
	struct slice bytes;
	bool goes_on = false;
	int r = logfile_read_rest(file, &rest);

	if (r < 0)
		return r;
	bytes = buffer_slice(&rest);
	while (bytes.len > RECORD_HEADER && !goes_on) {
		goes_on = follows(bytes, file->offset);
		bytes.data++;
		bytes.len--;
	}
	*ret_goes_on = goes_on;
	return 0;
}
