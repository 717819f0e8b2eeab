/* The reader of one log file, on records made here; tests/unit/feed.c has real ones. */
#include "lib/logfile.h"

#include "lib/buffer.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { SIZE_MAX_OF_FILE = 4 * 1024 * 1024, MESSAGE = 47, END = 10, RECYCLE = 14 };

static char directory[] = "/tmp/tidings-logfile-XXXXXX";
static int directory_fd;

static void append_u32(struct buffer *to, uint32_t value)
{
	buffer_append(to, &value, sizeof(value));
}

/* The checksum as the format has it, byte by byte. */
static uint32_t checksum(struct slice data, uint32_t prev, uint32_t len)
{
	uint32_t h = 0;

	for (size_t i = 0; i < data.len; i++)
		h = h * 33 + (uint8_t)data.data[i];
	return h ^ prev ^ len;
}

static void append_record(struct buffer *to, struct slice data)
{
	uint32_t prev = to->len ? 1 : 0, len = (uint32_t)data.len + 12;

	append_u32(to, prev);
	append_u32(to, len);
	append_u32(to, checksum(data, prev, len));
	buffer_append_slice(to, data);
}

static void append_file_header(struct buffer *to)
{
	const uint32_t HEADER[] = { 0x040988, 19, SIZE_MAX_OF_FILE, 0 };

	append_record(to, (struct slice){ (const char *)HEADER, sizeof(HEADER) });
}

static void append_message(struct buffer *to, uint32_t transaction, const char *op,
	struct slice text)
{
	_cleanup_(buffer_release) struct buffer data = { 0 };

	append_u32(&data, MESSAGE);
	append_u32(&data, transaction);
	append_u32(&data, 0);
	append_u32(&data, 0);
	append_u32(&data, (uint32_t)strlen(op));
	buffer_append_string(&data, op);
	append_u32(&data, UINT32_MAX);
	append_u32(&data, (uint32_t)text.len);
	buffer_append_slice(&data, text);
	append_u32(&data, 0);
	append_u32(&data, 0);
	append_record(to, buffer_slice(&data));
}

/* A record of so many words: the type and what follows it. */
static void append_words(struct buffer *to, size_t count, const uint32_t *words)
{
	append_record(to, (struct slice){ (const char *)words, count * sizeof(*words) });
}

static void write_file(uint32_t number, const struct buffer *bytes)
{
	char name[LOGFILE_NAME_SIZE];
	int fd;

	logfile_name(number, name);
	fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes->data, bytes->len) != (ssize_t)bytes->len) {
		printf("Bail out! %s\n", name);
		exit(1);
	}
	close(fd);
}

/* The file is open, and this is what it begins with. */
static struct logfile *open_file(const struct buffer *bytes)
{
	struct logfile *file = NULL;
	int r;

	write_file(1, bytes);
	r = logfile_open(directory_fd, 1, &file);
	if (r != 0)
		printf("Bail out! logfile_open: %d\n", r);
	return file;
}

static void test_names(void)
{
	static const struct {
		const char *name;
		uint32_t number;
	} CASES[] = {
		{ "log.0000000001", 1 },
		{ "log.0000000010", 10 },
		{ "log.4294967295", UINT32_MAX },
		{ "log.0000000000", 0 },
		{ "log.4294967296", 0 },
		{ "log.9999999999", 0 },
		{ "log.000000001", 0 },
		{ "log.00000000001", 0 },
		{ "log.000000001x", 0 },
		{ "log.0000000001~", 0 },
		{ "log. 000000001", 0 },
		{ "log.", 0 },
		{ "Log.0000000001", 0 },
		{ "log", 0 },
		{ "", 0 },
	};
	char name[LOGFILE_NAME_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++)
		ok_int_equal(logfile_number(CASES[i].name), CASES[i].number, "\"%s\"",
			CASES[i].name);
	logfile_name(UINT32_MAX, name);
	ok_string_equal(name, "log.4294967295", "the highest number's name");
}

static void test_kinds(void)
{
	/* Words of a record's data behind the checksum: type, transaction, two words, … */
	static const struct {
		const char *name;
		size_t count;
		uint32_t words[9];
		int expected;
		enum log_kind kind;
		uint32_t transaction;
	} CASES[] = {
		{ "a commit", 8, { END, 5, 1, 2, 1, 0, 0, 0 }, 0, LOG_COMMIT, 5 },
		{ "another end", 8, { END, 5, 1, 2, 2, 0, 0, 0 }, 0, LOG_ABORT, 5 },
		{ "an end without opcode", 4, { END, 5, 1, 2 }, -EPROTONOSUPPORT, 0, 0 },
		{ "recycling", 6, { RECYCLE, 0, 0, 0, 1, 2 }, 0, LOG_RECYCLE, 0 },
		{ "another type", 5, { 48, 6, 0, 0, 1 }, 0, LOG_OTHER, 6 },
		{ "one word", 1, { MESSAGE }, 0, LOG_OTHER, 0 },
		{ "three words", 3, { END, 0, 1 }, 0, LOG_OTHER, 0 },
		{ "a message without op", 4, { MESSAGE, 5, 0, 0 }, -EPROTONOSUPPORT, 0, 0 },
		{ "its op is too long", 5, { MESSAGE, 5, 0, 0, 1 }, -EPROTONOSUPPORT, 0, 0 },
		{ "its op is as long as can be", 5, { MESSAGE, 5, 0, 0, UINT32_MAX },
			-EPROTONOSUPPORT, 0, 0 },
		{ "nothing behind its op", 5, { MESSAGE, 5, 0, 0, 0 }, -EPROTONOSUPPORT, 0, 0 },
		{ "no text", 6, { MESSAGE, 5, 0, 0, 0, 9 }, -EPROTONOSUPPORT, 0, 0 },
		{ "its text is too long", 8, { MESSAGE, 5, 0, 0, 0, 9, 5, 1 }, -EPROTONOSUPPORT, 0,
			0 },
		{ "another op", 8, { MESSAGE, 5, 0, 0, 0, 9, 4, 1 }, 0, LOG_OTHER, 5 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		struct log_record record = { 0 };
		struct logfile *file;

		append_file_header(&bytes);
		append_words(&bytes, CASES[i].count, CASES[i].words);
		file = open_file(&bytes);
		ok_int_equal(logfile_next(file, &record), CASES[i].expected, "%s", CASES[i].name);
		ok_int_equal(record.kind, CASES[i].kind, "%s: kind", CASES[i].name);
		if (CASES[i].expected == 0)
			ok_int_equal(record.transaction, CASES[i].transaction, "%s: transaction",
				CASES[i].name);
		logfile_free(file);
	}
}

/* Messages of every length around the size of what is read at a time. */
static void test_messages(void)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 }, text = { 0 };
	static const size_t LENGTHS[] = { 0, 1, 7, 8, 9, 2000, 16300, 16384, 70000, 262144,
		3000000 };
	struct log_record record;
	struct logfile *file;
	bool all = true;

	append_file_header(&bytes);
	for (size_t i = 0; i < 3000000; i++) {
		char byte = (char)(i * 7 + i / 255);

		buffer_append(&text, &byte, 1);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(LENGTHS); i++)
		append_message(&bytes, 3, "DIAGNOSTIC", (struct slice){ text.data, LENGTHS[i] });
	for (size_t i = 0; i < 20000; i++)
		append_message(&bytes, 3, "DIAGNOSTIC", (struct slice){ text.data, i % 300 });
	file = open_file(&bytes);
	ok_int_equal((intmax_t)logfile_unread(file), (intmax_t)bytes.len - LOGFILE_HEADER_SIZE,
		"all bytes behind the header are unread");
	for (size_t i = 0; i < ARRAY_LENGTH(LENGTHS) + 20000; i++) {
		size_t n =
			i < ARRAY_LENGTH(LENGTHS) ? LENGTHS[i] : (i - ARRAY_LENGTH(LENGTHS)) % 300;
		uint32_t offset = logfile_offset(file);

		all &= logfile_next(file, &record) == 0 && record.kind == LOG_MESSAGE &&
		       record.transaction == 3 && record.offset == offset &&
		       slice_equal(record.message, (struct slice){ text.data, n });
	}
	tap_ok(all, "messages of many lengths");
	ok_int_equal(logfile_next(file, &record), LOGFILE_NOTHING, "then nothing");
	ok_int_equal(logfile_offset(file), (intmax_t)bytes.len, "at the end");
	ok_int_equal((intmax_t)logfile_unread(file), 0, "nothing is unread");
	logfile_free(file);
}

/* Lengths that a record cannot have are waited for, and cost no memory. */
static void test_lengths(void)
{
	static const struct {
		uint32_t len;
		const char *name;
	} CASES[] = {
		{ 0, "no length" },
		{ 11, "shorter than its header" },
		{ 12, "nothing but a header" },
		{ SIZE_MAX_OF_FILE, "longer than the file is now" },
		{ SIZE_MAX_OF_FILE + 1, "longer than a file may be" },
		{ UINT32_MAX, "as long as can be" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		struct log_record record;
		struct logfile *file;

		append_file_header(&bytes);
		append_u32(&bytes, 1);
		append_u32(&bytes, CASES[i].len);
		append_u32(&bytes, checksum((struct slice){ 0 }, 1, CASES[i].len));
		append_u32(&bytes, 0);
		file = open_file(&bytes);
		ok_int_equal(logfile_next(file, &record), LOGFILE_NOTHING, "%s", CASES[i].name);
		ok_int_equal(logfile_offset(file), LOGFILE_HEADER_SIZE, "%s: stays", CASES[i].name);
		tap_ok(logfile_unread(file) <= SIZE_MAX_OF_FILE, "%s: unread", CASES[i].name);
		logfile_free(file);
	}
}

/* The header says how long a file may grow, and no record is longer. */
static void test_longest_record(void)
{
	for (size_t more = 0; more <= 1; more++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 }, data = { 0 };
		struct log_record record;
		struct logfile *file;

		append_file_header(&bytes);
		buffer_reserve(&data, SIZE_MAX_OF_FILE);
		data.len = SIZE_MAX_OF_FILE - 12 + more;
		memset(data.data, 1, data.len);
		append_record(&bytes, buffer_slice(&data));
		file = open_file(&bytes);
		ok_int_equal(logfile_next(file, &record), more ? LOGFILE_NOTHING : 0,
			"a record as long as a file may be, and %zu bytes", more);
		logfile_free(file);
	}
}

static void test_other_messages(void)
{
	static const char *const OPS[] = { "DIAGNOSTIC", "DIAGNOSTICS", "DIAGNOSTI", "diagnostic",
		"DB->put" };

	for (size_t i = 0; i < ARRAY_LENGTH(OPS); i++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };
		struct log_record record = { 0 };
		struct logfile *file;

		append_file_header(&bytes);
		append_message(&bytes, 3, OPS[i], SLICE("text"));
		file = open_file(&bytes);
		ok_int_equal(logfile_next(file, &record), 0, "a message, op %s", OPS[i]);
		ok_int_equal(record.kind, i == 0 ? LOG_MESSAGE : LOG_OTHER, "its kind, op %s",
			OPS[i]);
		logfile_free(file);
	}
}

/* The header, cut at each byte and with each bit of what matters flipped. */
static void test_headers(void)
{
	_cleanup_(buffer_release) struct buffer bytes = { 0 };
	struct logfile *file = NULL;
	unsigned wrong = 0, opened = 0;

	append_file_header(&bytes);
	for (bytes.len = 0; bytes.len < LOGFILE_HEADER_SIZE; bytes.len++) {
		write_file(1, &bytes);
		wrong += logfile_open(directory_fd, 1, &file) != LOGFILE_NOTHING;
	}
	ok_int_equal(wrong, 0, "cut at each byte it is not written yet");
	for (size_t bit = 0; bit < LOGFILE_HEADER_SIZE * 8; bit++) {
		char byte = bytes.data[bit / 8];
		int r;

		bytes.data[bit / 8] = (char)(byte ^ (1 << bit % 8));
		write_file(1, &bytes);
		r = logfile_open(directory_fd, 1, &file);
		opened += r == 0;
		wrong += r != LOGFILE_NOTHING &&
			 !(r == -EPROTONOSUPPORT && bit / 8 >= 16 && bit / 8 < 20);
		bytes.data[bit / 8] = byte;
	}
	ok_int_equal(opened, 0, "with a flipped bit it is never opened");
	ok_int_equal(wrong, 0, "only a flipped version is another version");
	write_file(1, &bytes);
	ok_int_equal(logfile_open(directory_fd, 1, &file), 0, "as it is");
	ok_int_equal(logfile_offset(file), LOGFILE_HEADER_SIZE, "it stands behind the header");
	file = logfile_free(file);
	tap_ok(file == NULL, "freeing gives NULL");
	ok_int_equal(logfile_open(directory_fd, 2, &file), -ENOENT, "no such file");
}

/* A valid first record that is not a log's, or not this version's. */
static void test_foreign_headers(void)
{
	static const uint32_t WORDS[][4] = {
		{ 0x040988, 18, SIZE_MAX_OF_FILE, 0 },
		{ 0x040988, 20, SIZE_MAX_OF_FILE, 0 },
		{ 0x040988, 0, SIZE_MAX_OF_FILE, 0 },
		{ 0x040987, 19, SIZE_MAX_OF_FILE, 0 },
		{ 0x88090400, 0x13000000, SIZE_MAX_OF_FILE, 0 },
		{ 0, 0, 0, 0 },
	};
	struct logfile *file;

	for (size_t i = 0; i < ARRAY_LENGTH(WORDS); i++) {
		_cleanup_(buffer_release) struct buffer bytes = { 0 };

		append_words(&bytes, 4, WORDS[i]);
		write_file(1, &bytes);
		ok_int_equal(logfile_open(directory_fd, 1, &file), -EPROTONOSUPPORT,
			"magic %x, version %u", WORDS[i][0], WORDS[i][1]);
	}
}

int main(void)
{
	if (!mkdtemp(directory) || (directory_fd = open(directory, O_DIRECTORY | O_CLOEXEC)) < 0) {
		printf("Bail out! %s\n", directory);
		return 1;
	}
	test_names();
	test_kinds();
	test_messages();
	test_lengths();
	test_longest_record();
	test_other_messages();
	test_headers();
	test_foreign_headers();
	unlinkat(directory_fd, "log.0000000001", 0);
	rmdir(directory);
	return tap_done();
}
