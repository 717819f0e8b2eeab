/* What a delivery is signed with, handed over by, and tried again after. */
#include "away/courier.h"
#include "away/retry.h"
#include "lib/buffer.h"
#include "tests/tap.h"

#include <errno.h>

static char path[] = "/tmp/tidings-away-secret.XXXXXX";

static int read_secret(const char *text, size_t len, struct secret *secret)
{
	FILE *to = fopen(path, "w");

	if (!to || fwrite(text, 1, len, to) != len || fclose(to) != 0)
		abort();
	return secret_read(path, secret);
}

static void test_secrets(void)
{
	struct secret secret;
	char text[5000];

	memset(text, 'x', sizeof(text));
	text[32] = '\n';
	ok_int_equal(read_secret(text, 33, &secret), 0, "a secret of 32 bytes and a newline");
	ok_int_equal(secret.len, 32, "is without the newline");
	ok_int_equal(read_secret(text, 34, &secret), 0, "bytes behind a newline");
	ok_int_equal(secret.len, 34, "are of the secret");
	ok_int_equal(read_secret(text, 31, &secret), -EMSGSIZE, "31 bytes are too few");
	text[31] = '\n';
	ok_int_equal(read_secret(text, 32, &secret), -EMSGSIZE, "a newline does not count");
	ok_int_equal(read_secret(text, 4095, &secret), 0, "4095 bytes");
	ok_int_equal(read_secret(text, 4096, &secret), -EMSGSIZE, "4096 bytes are too many");
	ok_int_equal(secret_read("/nonexistent", &secret), -ENOENT, "a file that is not there");
}

/* Made with openssl dgst -sha256 -hmac. */
static void test_signature(void)
{
	static const char key[] = "a secret to sign deliveries with";
	char text[SIGNATURE_SIZE];
	struct secret secret = { .len = strlen(key) };

	memcpy(secret.data, key, strlen(key));
	ok_int_equal(signature_make(&secret, "msg-1", 1700000000, SLICE("{\"a\":1}"), text), 0,
		"a body is signed");
	ok_string_equal(text,
		"v1,wYX579k/myczqUUy/YvBwG8wbhFPRD/rEi8Ax+NgMYs=", "as another program does");
	signature_make(&secret, "msg-1", 1700000001, SLICE("{\"a\":1}"), text);
	ok_string_equal(text, "v1,JL/eBR8qF9Qu56c9nh/De9jteXzcgbD900kPWcef0mM=", "with its time");
}

static void check_words(const char *text, const char *expected)
{
	_cleanup_(courier_words_release) struct courier_words words;
	_cleanup_(buffer_release) struct buffer seen = { 0 };

	ok_int_equal(courier_words_init(&words, text), 0, "%s: divided", text);
	for (char **word = words.words; *word; word++)
		buffer_print(&seen, "<%s>", *word);
	ok_string_equal(buffer_string(&seen), expected, "%s: into its words", text);
}

static void test_words(void)
{
	struct courier_words words;
	char many[2 * COURIER_WORDS_MAX + 3];

	check_words("/bin/true", "</bin/true>");
	check_words("/bin/mail -s  it's\t$HOME *", "</bin/mail><-s><it's><$HOME><*>");
	for (size_t i = 0; i < sizeof(many) - 1; i++)
		many[i] = i % 2 ? ' ' : 'w';
	many[sizeof(many) - 1] = '\0';
	ok_int_equal(courier_words_init(&words, many), -E2BIG, "too many words are refused");
	courier_words_release(&words);
}

static void test_retry(void)
{
	ok_int_equal(retry_delay(30, 1), 30, "the first time");
	ok_int_equal(retry_delay(30, 2), 60, "is doubled");
	ok_int_equal(retry_delay(30, 5), 480, "each time");
	ok_int_equal(retry_delay(30, 8), 3600, "up to an hour");
	ok_int_equal(retry_delay(1, 12), 2048, "from whatever it was");
	ok_int_equal(retry_delay(1, 13), 3600, "again up to an hour");
	ok_int_equal(retry_delay(3600, 4000000000U), 3600, "for ever");
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	test_secrets();
	test_signature();
	test_words();
	test_retry();
	unlink(path);
	return tap_done();
}
